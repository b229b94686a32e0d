import { GatewayError } from '../errors.ts';
import type { Emit } from '../events.ts';
import { decide } from '../policy/rules/decide.ts';
import type { RuleSet } from '../policy/rules/rule-set.ts';
import type { Decision, Question } from '../protocol/policy.ts';
import type { OutsideRuns, OutsideWork } from '../protocol/pool.ts';
import { createDecisionCap, type DecisionCap } from './decision-cap.ts';
import { toolQuestion } from './tool-tables.ts';

export type OutsideRunsDeps = {
  readonly rules: () => RuleSet;
  readonly nowSeconds: () => number;
  readonly emit: Emit;
};

/** After so long what a module calls is recorded one by one again. */
const capMs = 600_000;

/**
 * Answers for tools that a module calls outside the scope of a run. It is allowed what the agent may by itself and each
 * of those may for whom it can be working, so that nobody gets through a queue what a run would be denied.
 */
export function createOutsideRuns({ rules, nowSeconds, emit }: OutsideRunsDeps): OutsideRuns {
  const decideFor = (work: OutsideWork, call: ToolCall): Decided => {
    const decideOn = (user: Parameters<typeof toolQuestion>[0]): Decided => {
      const question = toolQuestion(user, call);
      return { question, decision: decide(rules(), question, nowSeconds()) };
    };
    const byItself = decideOn(work.load);
    const forCallers = work.callers.map((caller) => decideOn({ ...work.load, ...caller }));
    const denied = [byItself, ...forCallers].find(({ decision }) => decision.answer !== 'allow');
    return denied ?? byItself;
  };
  const capOf = createCaps(emit);
  const record = ({ load }: OutsideWork, decided: Decided) => {
    capOf(load).record({ type: 'access_decided', ...decided, requestId: null });
    return decided.decision.answer === 'allow';
  };

  return {
    async answer(work, question) {
      const { tool } = question;
      const args = 'arguments' in question ? question.arguments : undefined;
      if (question.ask === 'authorize_tool') {
        const { provenance = 'native' } = question;
        const value = record(work, decideFor(work, { tool, provenance, args }));
        return { type: 'value', value };
      }
      const asked = decideFor(work, { tool, provenance: 'gateway', args });
      record(work, { ...asked, decision: deniedAnyhow(asked.decision) });
      const message = `The gateway tool '${tool}' can be called only in a run.`;
      throw new GatewayError('not_allowed', message);
    },
    onToolDecided(work, { tool, provenance }) {
      const asked = decideFor(work, { tool, provenance });
      record(work, { ...asked, decision: deniedAnyhow(asked.decision) });
    },
  };
}

/** One for each module as it was loaded, and anew after a while. */
function createCaps(emit: Emit): (load: OutsideWork['load']) => DecisionCap {
  const caps = new WeakMap<object, DecisionCap>();
  return (load) => {
    const known = caps.get(load);
    if (known) return known;
    const cap = createDecisionCap(emit);
    caps.set(load, cap);
    const renew = () => {
      caps.delete(load);
      cap.end();
    };
    setTimeout(renew, capMs).unref();
    return cap;
  };
}

type ToolCall = Parameters<typeof toolQuestion>[1];

type Decided = { readonly question: Question; readonly decision: Decision };

/** A deny that stands whatever rules say; it names the rule where one says so too. */
function deniedAnyhow(decision: Decision): Decision {
  return decision.answer === 'allow' ? { answer: 'deny', rule: null } : decision;
}
