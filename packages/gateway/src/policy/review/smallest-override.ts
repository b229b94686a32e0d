import type { KeyPrincipal, Question } from '../../protocol/policy.ts';
import type { SuggestedOverride } from '../../protocol/security/preview-types.ts';
import { isOverrideWithinReach } from '../override-reach.ts';
import { overrideProblem } from '../overrides.ts';
import { decide } from '../rules/decide.ts';
import type { RuleSet } from '../rules/rule-set.ts';
import { isScoped } from '../rules/scopes.ts';
import { applyDraft } from './draft-rules.ts';
import type { Pace } from './pace.ts';

/** Who wants to know, and when. */
export type Asking = {
  readonly viewer: KeyPrincipal;
  readonly nowSeconds: number;
  readonly pace: Pace;
};

/**
 * The narrowest override that would allow what is denied: of this key and this resource alone, and breaking glass only
 * where nothing less helps. It was tried with the rules. Null where the answer is no denial, and where no override helps:
 * beyond a key's role or scopes, and against an override that denies.
 */
export async function smallestOverride(
  rules: RuleSet,
  question: Question,
  { viewer, nowSeconds, pace }: Asking,
): Promise<SuggestedOverride | null> {
  const { action, resource } = question;
  if (action === 'raise_limits' || hasWildcard(resource)) return null;
  if (decide(rules, question, nowSeconds).answer !== 'deny') return null;
  const principal = principalPattern(question, viewer);
  if (principal === null) return null;
  for (const breakGlass of [false, true]) {
    const wanted = { principal, action, resource, effect: 'allow', breakGlass } as const;
    if (overrideProblem(wanted)) return null;
    const draft = await applyDraft(rules, { draftOverride: wanted }, pace);
    if (draft && decide(draft.rules, question, nowSeconds).answer === 'allow') {
      return { ...wanted, isWithinReach: isOverrideWithinReach(viewer, wanted) };
    }
  }
  return null;
}

/** A key with scopes permits tool calls by the agent that makes them, whoever runs it. */
function principalPattern({ principal }: Question, viewer: KeyPrincipal): string | null {
  const isOfAgent = principal.type === 'agent' && (!principal.key || isScoped(viewer));
  const pattern = isOfAgent
    ? `agent:${principal.id}`
    : principal.type === 'agent'
      ? (principal.key?.id ?? '')
      : principal.id;
  return hasWildcard(pattern) ? null : pattern;
}

function hasWildcard(text: string): boolean {
  return text.includes('*');
}
