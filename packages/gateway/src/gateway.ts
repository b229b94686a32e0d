import type { Gateway, GatewayOptions } from './assembly/contract.ts';
import { createDomain } from './assembly/domain.ts';
import { createHttp } from './assembly/http.ts';
import { createLifecycle } from './assembly/lifecycle.ts';
import { createParts } from './assembly/parts.ts';

export type { Gateway, GatewayOptions } from './assembly/contract.ts';

/**
 * Builds a gateway from its settings; nothing is listened to or run before `load` or `start`.
 *
 * @throws StoreError or UpstreamSettingsError, which say what is wrong and what to do.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const parts = await createParts(options);
  const domain = createDomain(parts);
  return createLifecycle(parts, domain, createHttp(parts, domain));
}
