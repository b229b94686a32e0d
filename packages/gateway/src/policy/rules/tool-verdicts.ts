import type { Question } from '../../protocol/policy.ts';
import type { ToolVerdict } from '../../protocol/worker/messages.ts';
import { beyondCeiling } from './key-ceiling.ts';
import { fitsOf, hear } from './rule-fits.ts';
import type { RuleSet } from './rule-set.ts';

/**
 * What is known of a tool call before it is made, for the table that travels with a run. `ask` where a rule could
 * still decide otherwise, because its `when` names the arguments, or the time, which goes on.
 *
 * @param question - About `call_tool`, without arguments.
 */
export function toolVerdict(rules: RuleSet, question: Question, nowSeconds: number): ToolVerdict {
  if (beyondCeiling(question)) return 'deny';
  const heard = hear(fitsOf(rules, { question, nowSeconds, late: 'open' }));
  if (!heard) return 'deny';
  const { answer } = heard.decision;
  return heard.couldBe.size > 1 || (heard.couldBe.size === 1 && !heard.couldBe.has(answer))
    ? 'ask'
    : answer;
}
