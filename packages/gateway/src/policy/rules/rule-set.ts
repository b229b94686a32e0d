import type { Action, Question, Rule } from '../../protocol/policy.ts';
import { type Administration, noAdministration } from './administration.ts';
import { type Condition, ConditionError, type Conditions, createConditions } from './conditions.ts';
import { type Ceiling, createCeiling } from './key-ceiling.ts';
import { candidatesIn, indexRules, type RuleIndex } from './rule-index.ts';
import { compileMatch, type RuleMatch } from './rule-match.ts';

/** Rules, prepared for `decide`. Never changed: new rules are a new set. */
export type RuleSet = {
  /** In the order they are heard. */
  readonly rules: readonly Rule[];
  readonly prepared: readonly PreparedRule[];
  readonly index: ReadonlyMap<Action, RuleIndex<RankedRule>>;
  /** Heard before any of them. */
  readonly ceiling: Ceiling;
};

/** A rule, prepared for being compared with questions. */
export type PreparedRule = {
  readonly rule: Rule;
  readonly matches: RuleMatch;
  readonly condition: Condition | null;
};

/** A rule and its place in the order. */
type RankedRule = PreparedRule & { readonly rank: number };

/** The `when` of a rule is wrong. `message` says what and where in it. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
  readonly ruleId: string;

  constructor(ruleId: string, cause: ConditionError) {
    super(cause.message, { cause });
    this.ruleId = ruleId;
  }
}

/**
 * Prepares rules, in any order.
 *
 * @throws RuleError for the first whose `when` is wrong.
 */
export function compileRules(
  rules: readonly Rule[],
  administration: Administration = noAdministration,
): RuleSet {
  return joinRules(prepareRules(rules), createCeiling(administration));
}

/** The first half of `compileRules`, for rules that are joined with others again and again. */
export function prepareRules(
  rules: readonly Rule[],
  conditions: Conditions = createConditions(),
): readonly PreparedRule[] {
  return rules.map((rule) => ({
    rule,
    matches: compileMatch(rule),
    condition: prepareCondition(rule, conditions),
  }));
}

/** The second half: puts them in order, so that the order they came in means nothing. */
export function joinRules(prepared: readonly PreparedRule[], ceiling: Ceiling): RuleSet {
  const inOrder = prepared.toSorted(evaluationOrder);
  const ranked = inOrder.map((each, rank) => ({ ...each, rank }));
  const byAction = Map.groupBy(ranked, ({ rule }) => rule.action);
  return {
    rules: inOrder.map(({ rule }) => rule),
    prepared: inOrder,
    index: new Map([...byAction].map(([action, rules]) => [action, indexRules(rules)])),
    ceiling,
  };
}

/** The rules of an action that could fit a question, in the order they are heard. */
export function candidatesFor(
  { index }: RuleSet,
  action: Action,
  question: Question,
): readonly PreparedRule[] {
  const ofAction = index.get(action);
  return ofAction ? candidatesIn(ofAction, question) : [];
}

// Denies come before what a person may approve, and that before allows. Of these, those with a condition come before plain
// ones: one that fails denies, even where a plain one fits.
function evaluationOrder(a: PreparedRule, b: PreparedRule): number {
  return a.rule.tier - b.rule.tier || groupOf(a) - groupOf(b) || compareText(a.rule.id, b.rule.id);
}

function groupOf({ rule }: PreparedRule): number {
  if (rule.requiresApproval) return 1;
  if (rule.effect === 'deny') return 0;
  return rule.when === undefined ? 3 : 2;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function prepareCondition({ id, when, action }: Rule, conditions: Conditions): Condition | null {
  if (when === undefined) return null;
  try {
    return conditions.compile(when, action);
  } catch (error) {
    if (error instanceof ConditionError) throw new RuleError(id, error);
    throw error;
  }
}
