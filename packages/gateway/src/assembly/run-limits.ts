import { principalOf } from '../policy/authorize.ts';
import { holdRunLimits } from '../policy/limits/run-limits.ts';
import { decide } from '../policy/rules/decide.ts';
import type { Question } from '../protocol/policy.ts';
import type { StartRunDeps } from '../runs/start-run.ts';
import type { Parts } from './agent-processes.ts';

/** Tells what holds for a run: the tightest of what its agent, key and namespace say, unless an override raises that. */
export function createRunLimits({
  known,
  live,
  policy,
  nowSeconds,
}: Pick<Parts, 'known' | 'live' | 'policy' | 'nowSeconds'>): StartRunDeps['runLimits'] {
  return ({ agent: { agentId, manifest }, caller }) => {
    const question: Question = {
      principal: { type: 'agent', id: agentId, key: principalOf(caller) },
      action: 'raise_limits',
      resource: agentId,
      context: { agent_id: agentId },
    };
    const { answer, rule } = decide(policy.current(), question, nowSeconds());
    const { namespaces, runLimits } = live.current().security;
    const namespace = agentId.slice(0, agentId.indexOf('/'));
    const key = known.find(caller.keyId);
    return holdRunLimits(
      [
        ['agent', manifest.settings.limits],
        ['namespace', Object.hasOwn(namespaces, namespace) ? namespaces[namespace]?.limits : null],
        ['key', { ...runLimits, ...key?.runLimits }],
      ],
      answer === 'allow' ? rule?.limits : null,
    );
  };
}
