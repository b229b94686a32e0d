import { createAccess } from './assembly/access.ts';
import type { Parts } from './assembly/agent-processes.ts';
import { createAgentProcesses } from './assembly/agent-processes.ts';
import type { Gateway, GatewayOptions } from './assembly/contract.ts';
import { createDomain } from './assembly/domain.ts';
import { createFoundation } from './assembly/foundation.ts';
import { createHttp } from './assembly/http.ts';
import { createLifecycle } from './assembly/lifecycle.ts';
import { createTools } from './assembly/tools/tools.ts';

export type { Gateway, GatewayOptions } from './assembly/contract.ts';

/**
 * Builds a gateway from its settings, part by part, each of those it needs. Nothing is listened to or run before `load`
 * or `start`.
 *
 * @throws StoreError or UpstreamSettingsError, which say what is wrong and what to do.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const foundation = await createFoundation(options, {
    workers: () => processes.pool.workers(),
    budgetsLeft: (of) => access.budgetsLeft(of),
  });
  const tools = createTools(foundation);
  const access = createAccess({ ...foundation, ...tools });
  const processes = createAgentProcesses({ ...foundation, ...tools }, access);
  const { onFollowed } = options;
  const parts: Parts = { ...foundation, ...tools, ...access, ...processes, onFollowed };
  const domain = createDomain(parts);
  const server = createHttp(parts, domain);
  return createLifecycle(parts, domain, server);
}
