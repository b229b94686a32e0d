import { resolve } from 'node:path';
import { createPool } from '../pool/pool.ts';
import { workerEntries } from '../pool/process/runtimes.ts';
import { workerUser } from '../pool/process/worker-user.ts';
import { createSandbox, type Sandbox } from '../pool/sandbox/sandbox.ts';
import { createCountTokens } from '../pool/tasks/count-tokens.ts';
import { createTaskRun } from '../pool/tasks/task-run.ts';
import type { FindReplay } from '../protocol/journal/replayed-calls.ts';
import { dayOf } from '../protocol/usage/usage.ts';
import { createHostedRuns, type HostedRuns } from '../runs/hosted-runs.ts';
import { createOutsideRuns } from '../runs/outside-runs.ts';
import { createLiveReplays } from '../runs/replay/live-replays.ts';
import { createRunMeters, type RunMeters } from '../runs/run-meter.ts';
import { findBubblewrap } from '../system/bubblewrap.ts';
import { type Broker, createBroker } from '../upstreams/broker/broker.ts';
import { createModelLists } from '../upstreams/models/model-lists.ts';
import { createRetirementWarnings } from '../upstreams/models/warn-retirements.ts';
import type { Access } from './access.ts';
import type { GatewayOptions } from './contract.ts';
import type { Foundation } from './foundation.ts';
import { frameEnds, frameFailures, type LastLoads } from './frame-failures.ts';
import { environmentForWorkers, hideSecrets } from './hide-secrets.ts';
import { type Tools, tellTools } from './tools/tools.ts';

/** What runs agents: worker processes, and the broker that their model calls go through. */
export type AgentProcesses = ReturnType<typeof createAgentProcesses>;

/** The parts of a gateway that know nothing of each other. */
export type Parts = Foundation &
  Tools &
  Access &
  AgentProcesses & { readonly onFollowed: GatewayOptions['onFollowed'] };

/**
 * Makes the pool and the broker; no process runs yet.
 *
 * @throws SandboxError where workers are to run in a sandbox and there is none on this machine, UpstreamSettingsError for
 *   a proxy that is no address.
 */
export function createAgentProcesses(
  foundation: Foundation & Tools,
  { budgets, moneyBudgets, policy }: Access,
) {
  const { config, live, store, upstreams, stateFolder, secrets, tools } = foundation;
  const { toolsFor, unread, nowSeconds, emit } = foundation;
  const user = workerUser(config.worker);
  const hostedRuns = createHostedRuns({
    rules: policy.current,
    nowSeconds,
    unknownTools: () => live.current().security.unknownHostedTools,
    emit,
  });
  const replays = createLiveReplays();
  const runMeters = createRunMeters();
  const broker = brokerOf(foundation, {
    budgets,
    moneyBudgets,
    hostedRuns,
    findReplay: replays.find,
    runs: runMeters,
  });
  const modelLists = createModelLists(broker.listModels, Date.now);
  const last: LastLoads = new Map();
  const pool = createPool({
    settings: config.worker,
    workerEntries: workerEntries(),
    projectRoot: config.projectRoot,
    stateFolder,
    hostEnv: environmentForWorkers(config),
    user,
    sandbox: sandboxOf({ config, stateFolder, broker }),
    grantModelAccess: broker.grant,
    outside: createOutsideRuns({ rules: policy.current, nowSeconds, emit }),
    toolsFor,
    unread,
    emit: frameEnds(emit, last),
  });
  tools.onChange(pool.tellTools);
  return {
    broker,
    modelLists,
    retirementWarnings: createRetirementWarnings({
      usedSince: (sinceMs) => store.usage.usedModels(dayOf(sinceMs)),
      upstreams: () => upstreams.current().upstreams,
      listingOf: modelLists.of,
      nowMs: Date.now,
      emit,
    }),
    hostedRuns,
    runTask: createTaskRun({ grantModelAccess: broker.grant, unread }),
    countTokens: createCountTokens(broker.grant),
    replays,
    runMeters,
    pool: hideSecrets(tellTools(frameFailures(pool, last), tools), secrets),
  };
}

function brokerOf(
  { config, live, upstreams, health, unread, emit }: Foundation,
  {
    budgets,
    moneyBudgets,
    hostedRuns,
    findReplay,
    runs,
  }: Pick<Access, 'budgets' | 'moneyBudgets'> & {
    readonly hostedRuns: Pick<HostedRuns, 'decide' | 'isApproved'>;
    readonly findReplay: FindReplay;
    readonly runs: RunMeters;
  },
): Broker {
  const isClosed = config.worker.sandbox !== 'none' && config.worker.sandboxNetwork === 'broker';
  return createBroker({
    upstreams: upstreams.current,
    budgets: { tokens: budgets, money: moneyBudgets },
    runs,
    mostRuns: config.worker.maxConcurrentRuns,
    outsideCalls: () => live.current().security.callsOutsideRuns,
    hosted: {
      decide: hostedRuns.decide,
      isApproved: hostedRuns.isApproved,
      denied: () => live.current().security.deniedHostedTools,
    },
    environment: config.environment,
    recordsContents: () => live.current().runs.record === 'contents',
    findReplay,
    unread,
    health,
    emit,
    door: isClosed ? { group: workerUser(config.worker)?.gid ?? null } : undefined,
  });
}

/** Null where the settings ask for none. */
function sandboxOf(parts: {
  readonly config: Foundation['config'];
  readonly stateFolder: string;
  readonly broker: Broker;
}): Sandbox | null {
  const { config, stateFolder, broker } = parts;
  const { worker, projectRoot, agentRoots, environment } = config;
  if (worker.sandbox === 'none') return null;
  const user = workerUser(worker);
  const absolute = (path: string) => resolve(projectRoot, path);
  return createSandbox({
    bubblewrap: findBubblewrap({ path: environment.PATH, user }),
    network: worker.sandboxNetwork,
    entries: workerEntries(),
    readable: worker.sandboxRead.map(absolute),
    writable: worker.sandboxWrite.map(absolute),
    memoryLimitMb: worker.memoryLimitMb,
    projectRoot,
    agentRoots,
    stateFolder,
    user,
    door: broker.door,
  });
}
