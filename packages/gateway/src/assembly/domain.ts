import { createAuthorize, principalOf } from '../policy/authorize.ts';
import { decide } from '../policy/decide.ts';
import { builtInRules } from '../policy/rules.ts';
import type { Caller, Question } from '../protocol/policy.ts';
import { agentStatus } from '../registry/agent-status.ts';
import { toModelInfo } from '../registry/model-info.ts';
import { createStartRun } from '../runs/start-run.ts';
import type { Parts } from './parts.ts';
import { createRegistry } from './registry.ts';

/** What decides: the verbs and what they read. */
export type Domain = ReturnType<typeof createDomain>;

/** The verbs, joined with what they need. */
export function createDomain(parts: Parts) {
  const { live, emit, pool, lifetime, observers } = parts;
  const authorize = createAuthorize({ rules: () => builtInRules, nowSeconds, emit });
  const decideNow = (question: Question) => decide(builtInRules, question, nowSeconds());
  const { catalog, sync, watch } = createRegistry(parts, authorize);
  const startRun = createStartRun({
    find: catalog.find,
    authorize,
    decide: decideNow,
    run: pool.run,
    isDraining: () => lifetime.signal.aborted,
    settings: () => {
      const { worker, toolEvents } = live.current();
      return { runTimeoutMs: worker.runTimeoutMs, toolEvents };
    },
    emit,
  });
  const diagnosticsOf = (agent: string) =>
    observers.recentErrors.query({ agent, limit: 500 }).errors;
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
  return { sync, watch, startRun, agents, models, authorize };
}

function nowSeconds(): number {
  return Date.now() / 1000;
}
