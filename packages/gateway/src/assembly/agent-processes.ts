import { dirname } from 'node:path';
import { createPool } from '../pool/pool.ts';
import { workerEntries } from '../pool/process/runtimes.ts';
import { workerUser } from '../pool/process/worker-user.ts';
import { createBroker } from '../upstreams/broker/broker.ts';
import type { Access } from './access.ts';
import type { Foundation } from './foundation.ts';
import { environmentForWorkers, hideSecrets } from './secrets.ts';

/** What runs agents: worker processes, and the broker that their model calls go through. */
export type AgentProcesses = ReturnType<typeof createAgentProcesses>;

/** Makes the pool and the broker; no process runs yet. */
export function createAgentProcesses(
  { config, upstreams, stateFolder, secrets, emit }: Foundation,
  { budgets }: Access,
) {
  const broker = createBroker({ upstreams: upstreams.current, budget: budgets, emit });
  const pool = createPool({
    settings: config.worker,
    workerEntries: workerEntries(dirname(import.meta.dirname)),
    projectRoot: config.projectRoot,
    stateFolder,
    hostEnv: environmentForWorkers(config),
    user: workerUser(config.worker),
    grantModelAccess: (agentId) => broker.grant(agentId),
    emit,
  });
  return { broker, pool: hideSecrets(pool, secrets) };
}
