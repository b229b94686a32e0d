import { createAuthorize } from '../policy/authorize.ts';
import { createRunsOfKeys } from '../policy/keys/end-with-key.ts';
import { createTakeSlot } from '../policy/limits/limit-checks.ts';
import { decide } from '../policy/rules/decide.ts';
import type { Question } from '../protocol/policy.ts';
import type { SyncAgents } from '../registry/sync-agents.ts';
import { createRunStarts } from '../runs/start-run.ts';
import type { Parts } from './agent-processes.ts';
import { createAgentViews } from './agent-views.ts';
import { countAt } from './models/count-at.ts';
import { createTaskRuns } from './models/own-models.ts';
import { createRegistry } from './registry.ts';
import { asTried } from './replay/as-tried.ts';
import { createRecorded } from './replay/recorded.ts';
import { createRollbackRoutes } from './rollback.ts';
import { createRunLimits } from './run-limits.ts';
import { createInterruptions } from './state/approvals.ts';
import { createIdempotency } from './state/idempotency.ts';
import { createSessionAgentOf } from './state/session-agent.ts';
import { createClientToolsAsSet } from './tools/client-tools.ts';
import { createToolRegistry } from './tools/tool-registry.ts';

/** What decides: the verbs and what they read. */
export type Domain = ReturnType<typeof createDomain>;

/** The verbs, joined with what they need. */
export function createDomain(parts: Parts) {
  const { live, policy, emit, pool, lifetime, nowSeconds } = parts;
  const authorize = createAuthorize({ rules: policy.current, nowSeconds, emit });
  const decideNow = (question: Question) => decide(policy.current(), question, nowSeconds());
  const registry = createRegistry(parts, { authorize, decide: decideNow });
  const { catalog, sync, files, findAgain } = registry;
  const toolRegistry = createToolRegistry(parts, { authorize, decide: decideNow });
  const recorded = createRecorded(parts, catalog.get);
  const runDefaults = () => runDefaultsOf(live.current());
  const runs = asTried(parts, { find: catalog.find, takeSlot: createTakeSlot(parts) });
  const interruptions = createInterruptions(parts, registry);
  const runsOfKeys = createRunsOfKeys(parts.known);
  const admitting = {
    ...interruptions.ofRuns,
    find: runs.find,
    clientTools: createClientToolsAsSet(parts),
    agentIds: () => catalog.list().map(({ module }) => module.agentId),
    policy: { authorize, rules: policy.current, onChange: policy.onChange },
    nowSeconds,
    emit,
  };
  const { startRun, resumeRun, waitingRuns } = createRunStarts({
    ...admitting,
    limits: { takeSlot: runs.takeSlot, checkBudget: parts.checkBudgets },
    endWithKey: runsOfKeys.endWithKey,
    queue: () => live.current().worker,
    ...createTaskRuns(parts),
    stopping: lifetime.signal,
    run: pool.run,
    callTool: parts.callTool,
    recorded,
    enterHosted: parts.hostedRuns.enter,
    traceOfRun: parts.traces.traceOf,
    enterMeter: parts.runMeters.enter,
    runLimits: createRunLimits(parts),
    unknownHostedTools: () => live.current().security.unknownHostedTools,
    defaults: runDefaults,
  });
  return {
    sync,
    toolRegistry,
    refresh: refreshOf(parts, sync),
    rollback: createRollbackRoutes(registry.rollBack, authorize),
    files,
    ...createAgentViews(parts, { catalog, decide: decideNow, waitingRuns }),
    authorize,
    /** The same without a record of it. */
    allows: (question: Question) => decideNow(question).answer === 'allow',
    startRun,
    approvals: interruptions.approvalsOf(resumeRun),
    countInput: countAt(parts, admitting),
    sessionAgent: createSessionAgentOf(parts, runs.find),
    idempotency: createIdempotency(parts),
    findAgain,
    recorded,
    runDefaults,
    runCount: runs.count,
    runsOfKeys,
  };
}

function refreshOf({ reloadSettings }: Parts, sync: SyncAgents): SyncAgents {
  return async (options) => {
    await reloadSettings();
    return sync(options);
  };
}

function runDefaultsOf({ worker, toolEvents }: ReturnType<Parts['live']['current']>) {
  return { runTimeoutMs: worker.runTimeoutMs, toolEvents };
}
