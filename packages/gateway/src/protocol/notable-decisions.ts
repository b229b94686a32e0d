import type { DecisionRecord } from './policy.ts';

/**
 * Whether a decision is of those that are looked for later: what was not allowed, what was administered, and what persons
 * approved. They are kept apart, so that however much is allowed pushes none of them out.
 */
export function isNotable({
  effect,
  action,
}: Partial<Pick<DecisionRecord, 'effect' | 'action'>>): boolean {
  const isOfPeople = action === 'administer' || action === 'answer_approvals';
  return isOfPeople || (effect !== undefined && effect !== 'allow');
}
