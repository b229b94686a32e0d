import type { Emit } from '../events.ts';
import { decide } from '../policy/rules/decide.ts';
import type { RuleSet } from '../policy/rules/rule-set.ts';
import {
  type Answer,
  type Decision,
  type Effect,
  type Question,
  type Rule,
  tiers,
} from '../protocol/policy.ts';
import type {
  DecideHosted,
  HostedAnswer,
  HostedQuestion,
  HostedTool,
  IsApprovedHosted,
} from '../protocol/tools/hosted-tools.ts';

/** The live runs, as far as tools that run at upstreams go. */
export type HostedRuns = {
  /** A run whose model calls may declare such tools, until the returned function is called. */
  readonly enter: (run: EnteredRun) => () => void;
  readonly decide: DecideHosted;
  readonly isApproved: IsApprovedHosted;
};

type EnteredRun = {
  readonly runId: string;
  readonly agentId: string;
  /** Decides for the run, and records that once. */
  readonly decide: (tool: HostedTool) => HostedAnswer;
  /** Whether a person approved the call of one; absent where nobody ever does. */
  readonly isApproved?: (question: HostedQuestion) => boolean;
};

/** More agents and tools than any gateway has; names of tools are the modules' to choose. */
const MAX_TOLD = 1000;

/**
 * Knows which run a model call is of. One that may be of several is allowed what each of them may; outside of runs it is
 * what the agent may by itself.
 */
export function createHostedRuns(deps: {
  readonly rules: () => RuleSet;
  readonly nowSeconds: () => number;
  readonly unknownTools: () => Effect;
  readonly emit: Emit;
}): HostedRuns {
  const runs = new Map<string, EnteredRun>();
  const told = new Map<string, Answer>();
  const decideOutside = (agentId: string, tool: HostedTool): HostedAnswer => {
    const question: Question = {
      principal: { type: 'agent', id: agentId },
      action: 'call_tool',
      resource: tool.name,
      aliases: tool.aliases,
      context: { agent_id: agentId, provenance: 'hosted' },
    };
    const decided = decide(deps.rules(), question, deps.nowSeconds());
    const decision = withDefault(decided, tool, deps.unknownTools());
    const id = `${agentId} ${tool.name}`;
    if (told.get(id) !== decision.answer && told.size < MAX_TOLD) {
      told.set(id, decision.answer);
      deps.emit({ type: 'access_decided', question, decision, requestId: null });
    }
    return decision.answer;
  };
  return {
    enter(run) {
      runs.set(run.runId, run);
      return () => runs.delete(run.runId);
    },
    isApproved({ agentId, runId }, question) {
      const own = runId === null ? null : runs.get(runId);
      const possible = own ? [own] : [...runs.values()].filter((run) => run.agentId === agentId);
      // Where it may be of several, the upstream tells their questions apart.
      return possible.some((run) => run.isApproved?.(question) ?? false);
    },
    decide({ agentId, runId }, tool) {
      const own = runId === null ? null : runs.get(runId);
      if (own) return own.decide(tool);
      const possible = [...runs.values()].filter((run) => run.agentId === agentId);
      const answers = possible.map((run) => run.decide(tool));
      if (answers.length === 0) return decideOutside(agentId, tool);
      if (answers.includes('deny')) return 'deny';
      return answers.includes('require_approval') ? 'require_approval' : 'allow';
    },
  };
}

/** A decision on a tool of which nobody knows what it does: where only a default allows it, the settings say. */
export function withDefault(decision: Decision, tool: HostedTool, unknown: Effect): Decision {
  const isByDefault = (decision.rule?.tier ?? tiers.none) >= tiers.builtIn;
  if (tool.isKnown || unknown === 'allow' || !isByDefault) return decision;
  const rule: Rule = {
    id: 'unknown-hosted-tools',
    effect: 'deny',
    action: 'call_tool',
    principals: ['*'],
    resources: [tool.name],
    tier: tiers.builtIn,
    source: 'config',
    reason: 'security.unknown_hosted_tools denies what the gateway does not know.',
  };
  return { answer: 'deny', rule };
}
