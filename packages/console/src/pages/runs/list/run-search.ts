import type { Run, RunFilters } from '../../../api/runs.ts';
import { text } from '../../../strings/text.ts';

/** How a run can stand, in the order in which it is chosen. */
export const outcomes = Object.keys(text.runs.outcomes) as readonly Run['outcome'][];

const texts = ['agent', 'key', 'user', 'code', 'request_id'] as const;

/** The filters that an address has; what is none is left out. */
export function runsSearch(search: Readonly<Record<string, unknown>>): RunFilters {
  const filters: RunFilters = {};
  for (const name of texts) {
    const value = search[name];
    if (value !== undefined && value !== '') filters[name] = String(value);
  }
  const outcome = outcomes.find((each) => each === search.outcome);
  if (outcome) filters.outcome = outcome;
  const since = String(search.since ?? '');
  if (!Number.isNaN(Date.parse(since))) filters.since = since;
  return filters;
}
