import type { HttpServer } from '../../http/server.ts';
import type { Parts } from '../agent-processes.ts';
import type { Trial } from '../contract.ts';
import type { Domain } from '../domain.ts';

/** Agents as callers use them, for whoever tries them: nobody else is told of the address. */
export function createTrial(
  { known, policy, replays, readiness, localToken: key }: Parts,
  { runCount, allows }: Pick<Domain, 'runCount' | 'allows'>,
  server: Pick<HttpServer, 'listen'>,
): Trial {
  return {
    async listen() {
      await known.start();
      await policy.start();
      // Who asks for a list waits for the first load, which is over.
      readiness.begin(Promise.resolve());
      return { url: await server.listen({ host: '127.0.0.1', port: 0 }), key };
    },
    mayRun: (agentId) =>
      (['list_agents', 'run_agent'] as const).every((action) =>
        allows({ principal, action, resource: agentId, context: { agent_id: agentId } }),
      ),
    activeRuns: runCount,
    holdModels: replays.holdOthers,
  };
}

/** Of whoever has the local token. */
const principal = {
  type: 'key',
  id: 'local_cli',
  name: 'cli',
  role: 'admin',
  namespaces: null,
  agents: null,
} as const;
