import type { Inferred } from '../../protocol/inferred.ts';
import { pageSize } from '../../protocol/pages.ts';
import { keysAnswer } from '../../protocol/security/answers.ts';
import type { GatewayClient } from '../agents/gateway-client.ts';

/** How long a gateway may take to tell what it knows. */
const readTimeoutMs = 15_000;

/** A key as a gateway tells of it. */
export type Key = Inferred<typeof keysAnswer>['keys'][number];

/** All keys that a gateway knows, those that ended included. */
export async function readKeys(gateway: GatewayClient): Promise<readonly Key[]> {
  const keys: Key[] = [];
  for (let after: string | undefined; ; ) {
    const page: Inferred<typeof keysAnswer> = await gateway({
      method: 'GET',
      path: '/security/keys',
      answer: keysAnswer,
      query: { after, limit: pageSize.most },
      timeoutMs: readTimeoutMs,
    });
    keys.push(...page.keys);
    if (page.next === null) return keys;
    after = page.next;
  }
}
