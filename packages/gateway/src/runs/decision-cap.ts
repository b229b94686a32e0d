import type { Emit, EventOf } from '../events.ts';
import type { Answer } from '../protocol/policy.ts';

type Decided = EventOf<'access_decided'>;

/** Decisions that are recorded one by one up to a bound, and then counted. */
export type DecisionCap = {
  readonly record: (decided: Decided) => void;
  /** Records what was counted: once for each answer, with the last decision of it. */
  readonly end: () => void;
};

/** Of each answer: a run that means well has some dozens, and a worker may claim as many as it likes. */
const MAX_RECORDED = 1000;

/** Bounds what one run, or one worker outside of runs, can have written down: the log is everybody’s. */
export function createDecisionCap(emit: Emit): DecisionCap {
  const counts: Record<Answer, number> = { allow: 0, deny: 0, require_approval: 0 };
  const beyond = new Map<Answer, Decided>();
  return {
    record(decided) {
      const { answer } = decided.decision;
      counts[answer] += 1;
      if (counts[answer] <= MAX_RECORDED) {
        emit(decided);
        return;
      }
      // Arguments may be long, and nobody is told of them.
      const { args: _, ...question } = decided.question;
      beyond.set(answer, { ...decided, question, times: counts[answer] - MAX_RECORDED });
    },
    end() {
      for (const decided of beyond.values()) emit(decided);
      beyond.clear();
    },
  };
}
