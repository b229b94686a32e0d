import type { Rule } from '../../protocol/policy.ts';
import { ConditionError, type Conditions, createConditions } from './conditions.ts';
import type { NamespaceSettings } from './namespaces.ts';
import { principalProblem, resourceProblem } from './rule-patterns.ts';

/** What a schema cannot tell of a rule. `path` leads to the wrong part; `message` ends in a period. */
export type RuleProblem = {
  readonly path: readonly (string | number)[];
  readonly message: string;
};

/**
 * What is wrong with the rules and defaults of the settings beyond their form: patterns that can fit nothing, ids
 * that are there twice, conditions that are none. A rule that silently fits nothing would be a deny that is not there.
 */
export function securityProblems({
  rules,
  namespaces,
}: {
  readonly rules: readonly Rule[];
  readonly namespaces: Readonly<Record<string, NamespaceSettings>>;
}): readonly RuleProblem[] {
  const conditions = createConditions();
  const ids = rules.map(({ id }) => id);
  return [
    ...rules.flatMap((rule, index) => [
      ...(ids.indexOf(rule.id) < index ? [repeated(rule.id, index)] : []),
      ...below(['rules', index], ruleProblems(rule, conditions)),
    ]),
    ...Object.entries(namespaces).flatMap(([name, { runAgents, modules }]) => [
      ...below(
        ['namespaces', name, 'run_agents'],
        eachProblem(typeof runAgents === 'object' ? runAgents : [], principalProblem),
      ),
      ...below(
        ['namespaces', name, 'modules', 'allow'],
        eachProblem(modules?.allow ?? [], (pattern) => resourceProblem('load_module', pattern)),
      ),
    ]),
  ];
}

/** The same of one rule; paths are those of its parts. */
export function ruleProblems(
  rule: Pick<
    Rule,
    'action' | 'principals' | 'resources' | 'when' | 'requiresApproval' | 'approvers'
  >,
  conditions: Conditions,
): readonly RuleProblem[] {
  const { action, principals, resources, when } = rule;
  return [
    ...(rule.requiresApproval && action !== 'call_tool' ? [approvalOfNoTool] : []),
    ...(rule.approvers && !rule.requiresApproval ? [approversOfNothing] : []),
    ...below(['approvers'], eachProblem(rule.approvers ?? [], approverProblem)),
    ...below(['principals'], eachProblem(principals, principalProblem)),
    ...below(
      ['resources'],
      eachProblem(resources, (pattern) => resourceProblem(action, pattern)),
    ),
    ...(when === undefined ? [] : whenProblems(() => conditions.compile(when, action))),
  ];
}

/** Who answers is a key. */
function approverProblem(pattern: string): string | null {
  return pattern.startsWith('agent:')
    ? 'Agents approve nothing. Name keys, or `role:<role>`.'
    : principalProblem(pattern);
}

const approversOfNothing: RuleProblem = {
  path: ['approvers'],
  message: 'Only a rule with the effect `require_approval` names approvers.',
};

const approvalOfNoTool: RuleProblem = {
  path: ['effect'],
  message: '`require_approval` is for the action `call_tool` alone.',
};

function whenProblems(compile: () => unknown): RuleProblem[] {
  try {
    compile();
    return [];
  } catch (error) {
    if (error instanceof ConditionError) return [{ path: ['when'], message: error.message }];
    throw error;
  }
}

function repeated(id: string, index: number): RuleProblem {
  return { path: ['rules', index, 'id'], message: `Another rule has the id ${id}. Rename one.` };
}

function eachProblem(
  patterns: readonly string[],
  problemOf: (pattern: string) => string | null,
): RuleProblem[] {
  return patterns.flatMap((pattern, index) => {
    const message = problemOf(pattern);
    return message === null ? [] : [{ path: [index], message }];
  });
}

function below(path: RuleProblem['path'], problems: readonly RuleProblem[]): RuleProblem[] {
  return problems.map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
}
