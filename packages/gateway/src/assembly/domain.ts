import { createAuthorize, principalOf } from '../policy/authorize.ts';
import { createEndWithKey } from '../policy/keys/end-with-key.ts';
import { createTakeSlot } from '../policy/limits/limit-checks.ts';
import { knownAgent } from '../policy/review/known-agent.ts';
import { decide } from '../policy/rules/decide.ts';
import type { Caller, Question } from '../protocol/policy.ts';
import { agentStatus } from '../registry/agent-status.ts';
import { toModelInfo } from '../registry/model-info.ts';
import type { SyncAgents } from '../registry/sync-agents.ts';
import { createStartRun } from '../runs/start-run.ts';
import type { Parts } from './parts.ts';
import { createRegistry } from './registry.ts';

/** What decides: the verbs and what they read. */
export type Domain = ReturnType<typeof createDomain>;

/** The verbs, joined with what they need. */
export function createDomain(parts: Parts) {
  const { live, policy, emit, pool, lifetime, observers } = parts;
  const authorize = createAuthorize({ rules: policy.current, nowSeconds, emit });
  const decideNow = (question: Question) => decide(policy.current(), question, nowSeconds());
  const { catalog, sync, files } = createRegistry(parts, { authorize, decide: decideNow });
  const startRun = createStartRun({
    find: catalog.find,
    policy: { authorize, rules: policy.current, onChange: policy.onChange },
    limits: { takeSlot: createTakeSlot(parts), checkBudget: parts.budgets.check },
    endWithKey: createEndWithKey(parts.known),
    queue: () => live.current().worker,
    stopping: lifetime.signal,
    run: pool.run,
    defaults: () => {
      const { worker, toolEvents } = live.current();
      return { runTimeoutMs: worker.runTimeoutMs, toolEvents };
    },
    nowSeconds,
    emit,
  });
  const diagnosticsOf = (agent: string) =>
    observers.diagnostics.query({ agent, limit: 500 }).errors;
  const agents = () =>
    catalog.list().map((entry) => agentStatus(entry, diagnosticsOf(entry.module.agentId)));
  const canSee = (caller: Caller, agentId: string) =>
    decideNow({ principal: principalOf(caller), action: 'list_agents', resource: agentId })
      .answer === 'allow';
  const models = (caller: Caller) =>
    catalog
      .list()
      .filter(({ module }) => canSee(caller, module.agentId))
      .flatMap(toModelInfo);
  const knownAgents = () =>
    catalog.list().flatMap(({ module, served, withheld }) => {
      const manifest = (served ?? withheld)?.manifest;
      return manifest ? [knownAgent(module.agentId, module.modulePath, manifest)] : [];
    });
  const refresh: SyncAgents = async (options) => {
    await parts.reloadSettings();
    return sync(options);
  };
  return {
    sync,
    refresh,
    files,
    agents,
    knownAgents,
    models,
    authorize,
    startRun,
  };
}

function nowSeconds(): number {
  return Date.now() / 1000;
}
