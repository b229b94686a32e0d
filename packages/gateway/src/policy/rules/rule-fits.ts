import {
  type Action,
  type Answer,
  type Decision,
  type Question,
  type Rule,
  tiers,
} from '../../protocol/policy.ts';
import { type Facts, factsOf, isWithinBounds } from './condition-facts.ts';
import type { Condition } from './conditions.ts';
import { candidatesFor, type RuleSet } from './rule-set.ts';

/** A rule that fits a question. */
export type Fit = {
  readonly rule: Rule;
  /** `open` where it depends on what is known later only; a failure where its `when` could not be answered. */
  readonly outcome: 'fits' | 'open' | { readonly failure: string };
};

/** How a question is asked. */
export type Asking = {
  readonly question: Question;
  /** Of the rules, where they are about another action than the question. */
  readonly action?: Action;
  readonly nowSeconds: number;
  /** Rules of higher tiers are not heard. */
  readonly lastTier?: number;
  /** `open` leaves conditions open that name the arguments or the time. Default: they are asked now. */
  readonly late?: 'ask' | 'open';
};

/** The rules that fit, in the order they are heard; each is looked at only when it is asked for. */
export function* fitsOf(rules: RuleSet, asking: Asking): Generator<Fit> {
  const {
    question,
    action = question.action,
    nowSeconds,
    lastTier = tiers.none,
    late = 'ask',
  } = asking;
  const ask = createAsk(question, nowSeconds);
  for (const { matches, rule, condition } of candidatesFor(rules, action, question)) {
    // First, because of a thousand rules most end here.
    if (!matches(question)) continue;
    if (rule.tier > lastTier) return;
    if (nowSeconds >= (rule.expiresAtSeconds ?? Number.POSITIVE_INFINITY)) continue;
    const isOpen =
      late === 'open' && condition !== null && (condition.needsArgs || condition.needsClock);
    const outcome = isOpen ? 'open' : condition === null ? 'fits' : ask(condition);
    if (outcome) yield { rule, outcome };
  }
}

/** What the rules say; `couldBe` holds the answers that rules left open could give instead. */
export type Evaluation = {
  readonly decision: Decision;
  readonly couldBe: ReadonlySet<Answer>;
};

/** Evaluates the rules that fit, in order. Null where none does. */
export function evaluateFits(fits: Iterable<Fit>): Evaluation | null {
  const couldBe = new Set<Answer>();
  let allowing: Rule | null = null;
  for (const { rule, outcome } of fits) {
    if (allowing && rule.tier !== allowing.tier) break;
    if (outcome === 'open') {
      // An allow that fails denies.
      couldBe.add('deny').add(answerOf(rule));
    } else if (outcome !== 'fits') {
      return { decision: { answer: 'deny', rule: failed(rule, outcome) }, couldBe };
    } else if (rule.effect === 'deny') {
      return { decision: { answer: answerOf(rule), rule }, couldBe };
    } else {
      if (!allowing || rule.id < allowing.id) allowing = rule;
      if (rule.when === undefined) break;
    }
  }
  if (allowing) return { decision: { answer: 'allow', rule: allowing }, couldBe };
  return couldBe.size > 0 ? { decision: { answer: 'deny', rule: null }, couldBe } : null;
}

/** What a rule that fits says. */
function answerOf({ effect, requiresApproval }: Rule): Answer {
  return requiresApproval ? 'require_approval' : effect;
}

/** One of which nobody knows whether it fits, denies: a person has nothing to go by either. */
function failed(rule: Rule, { failure }: { readonly failure: string }): Rule {
  const { requiresApproval: _, ...plain } = rule;
  return { ...plain, effect: 'deny', reason: failure };
}

/** Asks conditions about one question: `fits`, null where one does not hold, or why it could not be answered. */
function createAsk(question: Question, nowSeconds: number) {
  let facts: Facts | null = null;
  let areArgsFine: boolean | null = null;
  return ({ needsArgs, holds }: Condition): Fit['outcome'] | null => {
    if (needsArgs && question.args === undefined) {
      return { failure: 'The condition of this rule needs the arguments of the call.' };
    }
    areArgsFine ??= needsArgs ? isWithinBounds(question.args) : null;
    if (needsArgs && !areArgsFine) {
      return { failure: 'The arguments are too large for the condition of this rule.' };
    }
    try {
      facts ??= factsOf(question, nowSeconds);
      return holds(facts) ? 'fits' : null;
    } catch (error) {
      // Only the code: texts of these errors quote arguments, and the reason is told to others.
      const { code } = error as { code?: unknown };
      const why = typeof code === 'string' ? ` (${code})` : '';
      return { failure: `The condition of this rule could not be answered${why}.` };
    }
  };
}
