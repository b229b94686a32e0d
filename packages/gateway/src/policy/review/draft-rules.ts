import { GatewayError } from '../../errors.ts';
import type { Rule } from '../../protocol/policy.ts';
import type {
  DraftOverride,
  DraftRule,
  PreviewRequest,
} from '../../protocol/security/preview-types.ts';
import { overrideProblem } from '../overrides.ts';
import { ruleProblems } from '../rules/check-rules.ts';
import { type Conditions, createConditions } from '../rules/conditions.ts';
import { overrideRule } from '../rules/override-rule.ts';
import { joinRules, type PreparedRule, prepareRules, type RuleSet } from '../rules/rule-set.ts';
import { effectOf } from '../settings.ts';
import type { Pace } from './pace.ts';

/** Rules with a draft among them. */
export type AppliedDraft = {
  readonly rules: RuleSet;
  /** What is new, and what it takes the place of: answers can differ only where one of these fits. */
  readonly touched: readonly PreparedRule[];
};

/**
 * Puts a draft among the rules: a rule in place of the one of the settings with its id, or beside all others. Its
 * conditions are compiled once, with pauses.
 *
 * @returns Null where there is no draft.
 * @throws GatewayError `invalid_value` with the part of the draft that cannot be.
 */
export async function applyDraft(
  { prepared, ceiling }: RuleSet,
  { draftRules = [], draftOverride }: Pick<PreviewRequest, 'draftRules' | 'draftOverride'>,
  pace: Pace,
): Promise<AppliedDraft | null> {
  if (draftRules.length === 0 && !draftOverride) return null;
  const conditions = createConditions();
  const rules: Rule[] = [];
  for (const [index, draft] of draftRules.entries()) {
    await pace.giveWay();
    rules.push(checkedRule(draft, index, conditions));
  }
  const overrides = draftOverride ? [checkedOverride(draftOverride)] : [];
  const added = prepareRules([...rules, ...overrides], conditions);
  const ids = new Set(rules.map(({ id }) => id));
  const isReplaced = ({ rule }: PreparedRule) => rule.source === 'config' && ids.has(rule.id);
  await pace.giveWay();
  return {
    rules: joinRules([...prepared.filter((each) => !isReplaced(each)), ...added], ceiling),
    touched: [...prepared.filter(isReplaced), ...added],
  };
}

function checkedRule(draft: DraftRule, index: number, conditions: Conditions): Rule {
  const effect = effectOf(draft.effect);
  const [problem] = ruleProblems({ ...draft, ...effect }, conditions);
  if (problem) {
    const [field, at] = problem.path;
    const param = `draft_rules[${index}].${field}${at === undefined ? '' : `[${at}]`}`;
    throw new GatewayError('invalid_value', problem.message, { param });
  }
  return {
    ...draft,
    ...effect,
    source: 'config',
  };
}

function checkedOverride(draft: DraftOverride): Rule {
  const problem = overrideProblem(draft);
  if (problem) {
    const param = `draft_override.${problem.param}`;
    throw new GatewayError('invalid_value', problem.message, { param });
  }
  return overrideRule({ id: 'ovr_draft', ...draft });
}
