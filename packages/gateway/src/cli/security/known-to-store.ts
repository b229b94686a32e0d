import { isUsable } from '../../policy/keys/known-keys.ts';
import { type KnownAgent, knownAgent } from '../../policy/review/known-agent.ts';
import type { KeyRecord } from '../../protocol/policy.ts';
import type { Store } from '../../storage/store.ts';
import { nowSeconds } from '../with-store.ts';

/** The agents that loaded when a gateway last looked, with their tools. */
export async function knownAgentsOf({
  generations,
}: Pick<Store, 'generations'>): Promise<readonly KnownAgent[]> {
  return (await generations.list()).map(({ agentId, modulePath, manifest }) =>
    knownAgent(agentId, modulePath, manifest),
  );
}

/** The keys that can be used now. */
export async function usableKeysOf({ keys }: Pick<Store, 'keys'>): Promise<readonly KeyRecord[]> {
  return (await keys.list()).filter((key) => isUsable(key, nowSeconds()));
}
