import type { DecisionRecord } from './policy.ts';

/**
 * Whether a decision is of those that are looked for later: what was denied, and what was administered. They are kept
 * apart, so that however much is allowed pushes none of them out.
 */
export function isNotable({ effect, action }: Pick<DecisionRecord, 'effect' | 'action'>): boolean {
  return effect === 'deny' || action === 'administer';
}
