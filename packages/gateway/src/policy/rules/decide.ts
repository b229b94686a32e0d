import {
  type Decision,
  type Question,
  type Rule,
  type ToolVerdict,
  tiers,
} from '../../protocol/policy.ts';
import { evaluateFits, type Fit, fitsOf } from './rule-fits.ts';
import type { RuleSet } from './rule-set.ts';

/**
 * Answers a question from the rules. No clock and no I/O, so that a preview and a live request cannot disagree.
 * The first tier with a rule that fits decides, deny before allow in it, the smallest id among equals; no rule at
 * all denies. A rule whose `when` cannot be answered denies in its tier. What lies beyond a key’s role or
 * scopes is denied before any rule is heard. An agent is listed for whoever may run it, unless a rule or an override speaks
 * of `list_agents`.
 *
 * @param nowSeconds - Unix seconds; a rule holds until its `expiresAtSeconds`, exclusive.
 */
export function decide(rules: RuleSet, question: Question, nowSeconds: number): Decision {
  const beyond = rules.ceiling(question);
  if (beyond) return { answer: 'deny', rule: beyond };
  for (const fits of turnsOf(rules, question, nowSeconds)) {
    const evaluation = evaluateFits(fits);
    if (evaluation) return evaluation.decision;
  }
  return { answer: 'deny', rule: null };
}

/**
 * The decisions on running an agent and on seeing it, at one moment. What a key may see mostly follows from what it may
 * run: that is gone through once.
 *
 * @param running - Asks whether it may run.
 */
export function decideOnAgent(
  rules: RuleSet,
  running: Question,
  nowSeconds: number,
): { readonly running: Decision; readonly listing: Decision } {
  const decision = decide(rules, running, nowSeconds);
  const question: Question = { ...running, action: 'list_agents' };
  const beyond = rules.ceiling(question);
  if (beyond) return { running: decision, listing: { answer: 'deny', rule: beyond } };
  const evaluation = evaluateFits(
    fitsOf(rules, { question, nowSeconds, lastTier: LAST_TIER_OF_LISTING }),
  );
  return { running: decision, listing: evaluation?.decision ?? decision };
}

/** The same decision, with every rule that fits the question in the order they are heard. */
export function explain(
  rules: RuleSet,
  question: Question,
  nowSeconds: number,
): { readonly decision: Decision; readonly matched: readonly Rule[] } {
  const decision = decide(rules, question, nowSeconds);
  const beyond = rules.ceiling(question);
  const matched = beyond ? [beyond] : [];
  for (const fits of turnsOf(rules, question, nowSeconds)) {
    const heard = [...fits].map(({ rule }) => rule);
    matched.push(...heard);
    if (heard.length > 0) break;
  }
  return { decision, matched };
}

/**
 * What is known of a tool call before it is made, for the table that travels with a run. `ask` where a rule could
 * still decide otherwise, because its `when` names the arguments, or the time, which goes on; `ask_approval` where that
 * could be that a person has to approve it.
 *
 * @param question - About `call_tool`, without arguments.
 */
export function toolVerdict(rules: RuleSet, question: Question, nowSeconds: number): ToolVerdict {
  if (rules.ceiling(question)) return 'deny';
  const evaluation = evaluateFits(fitsOf(rules, { question, nowSeconds, late: 'open' }));
  if (!evaluation) return 'deny';
  const { answer } = evaluation.decision;
  const possible = new Set([answer, ...evaluation.couldBe]);
  if (possible.size === 1) return answer;
  return possible.has('require_approval') ? 'ask_approval' : 'ask';
}

/** Below this tier, whoever may run an agent may see it. */
const LAST_TIER_OF_LISTING = tiers.configAllow;

/** The rules that fit, in the turns they are heard in: the first turn with any decides. */
function turnsOf(rules: RuleSet, question: Question, nowSeconds: number): readonly Iterable<Fit>[] {
  if (question.action !== 'list_agents') return [fitsOf(rules, { question, nowSeconds })];
  return [
    fitsOf(rules, { question, nowSeconds, lastTier: LAST_TIER_OF_LISTING }),
    fitsOf(rules, { question, nowSeconds, action: 'run_agent' }),
  ];
}
