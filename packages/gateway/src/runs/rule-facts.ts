import { matchesGlob } from '../policy/rules/glob.ts';
import type { RuleSet } from '../policy/rules/rule-set.ts';
import type { Rule } from '../protocol/policy.ts';
import type { ToolUser } from './tool-question.ts';

/** What the rules about tools look at, so that no more is asked than has to be. */
export type RuleFacts = {
  /** Something beside agent, key and tool decides. */
  readonly isConditional: boolean;
  /** The clock decides, beside the ends of rules. */
  readonly isTimed: boolean;
  readonly tellsNames: (user: ToolUser) => boolean;
  readonly tellsProvenances: (user: ToolUser) => boolean;
};

/** Reads conditions by their words, which finds too much rather than too little. */
export function readRuleFacts({ prepared }: RuleSet): RuleFacts {
  const about = prepared.filter(({ rule }) => rule.action === 'call_tool');
  const rules = about.map(({ rule }) => rule);
  const naming = rules.filter(
    (rule) =>
      !rule.resources.includes('*') ||
      (rule.exceptResources?.length ?? 0) > 0 ||
      rule.when?.includes('resource'),
  );
  const sorting = rules.filter((rule) => rule.provenances || rule.when?.includes('provenance'));
  return {
    isConditional: about.some(({ condition }) => condition !== null),
    isTimed: about.some(({ condition }) => condition?.needsClock),
    tellsNames: (user) => naming.some((rule) => mayConcern(rule, user)),
    tellsProvenances: (user) => sorting.some((rule) => mayConcern(rule, user)),
  };
}

/** False only where all of the rule's principals are other agents. */
function mayConcern({ principals }: Rule, { agentId }: ToolUser): boolean {
  return principals.some(
    (pattern) =>
      !pattern.startsWith('agent:') || matchesGlob(pattern.toLowerCase(), `agent:${agentId}`),
  );
}
