import type { UsageBy } from '../../api/usage.ts';

/** What usage can be told by on the page: a day is the axis of the chart. */
export const splits = [
  'agent',
  'key',
  'model',
  'user',
  'upstream',
] as const satisfies readonly UsageBy[];

/** What the chart shows. */
export const measures = ['tokens', 'cost', 'runs', 'calls'] as const;

export type Measure = (typeof measures)[number];

/** Periods by how many days they have, today included. */
export const periods = [1, 7, 30, 90] as const;

/** What the address of the page says. */
export type UsageSearch = {
  readonly by: (typeof splits)[number];
  readonly show: Measure;
  readonly days: (typeof periods)[number];
};

/** Reads the address; what it does not say, or says wrong, is the default. */
export function readUsageSearch(search: Readonly<Record<string, unknown>>): UsageSearch {
  return {
    by: splits.find((each) => each === search.by) ?? 'agent',
    show: measures.find((each) => each === search.show) ?? 'tokens',
    days: periods.find((each) => each === Number(search.days)) ?? 30,
  };
}

/** The first and last UTC day of a period that ends today. */
export function periodOf(
  days: number,
  nowMs: number,
): { readonly since: string; readonly until: string } {
  const dayMs = 86_400_000;
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  return { since: day(nowMs - (days - 1) * dayMs), until: day(nowMs) };
}
