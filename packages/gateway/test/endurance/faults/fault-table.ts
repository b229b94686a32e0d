import type { Books } from './check-books.ts';
import { type SeenCall, type SeenFault, seconds, type Witness } from './witness.ts';

/** What was done and what was seen, for people. */
export function faultTable(
  { faults, calls }: Pick<Witness, 'faults' | 'calls'>,
  more: {
    readonly beganMs: number;
    readonly servedAfterMs: readonly number[];
    readonly books: readonly Books[];
    readonly leftOut: string | null;
  },
): string {
  const rows = faults.map((fault) => faultRow(fault, { calls, beganMs: more.beganMs }));
  const books = more.books.map(
    ({ who, acknowledged, counted, answered, maybeLost }) =>
      `| ${who} | ${acknowledged} | ${maybeLost} | ${counted} | ${answered} |`,
  );
  const after = more.servedAfterMs.map((ms) => Math.round(ms)).toSorted((a, b) => a - b);
  return [
    '| at | fault | how | for | answers meanwhile | not answered |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    `All calls: ${countsOf(calls)}`,
    `All agents served again after (ms): ${after.join(', ')}`,
    ...(more.leftOut ? [`Left out: disks that are full, because ${more.leftOut}.`] : []),
    '',
    '| caller | model calls acknowledged | of them near a kill | counted | answered by the upstream |',
    '| --- | --- | --- | --- | --- |',
    ...books,
    '',
  ].join('\n');
}

function faultRow(
  { kind, detail, span }: SeenFault,
  { calls, beganMs }: { readonly calls: readonly SeenCall[]; readonly beganMs: number },
): string {
  const met = calls.filter(
    (call) => call.span.untilMs >= span.fromMs && call.span.fromMs <= span.untilMs,
  );
  const right = met.filter(({ end }) => end.type === 'right').length;
  const lasted = seconds(span.untilMs - span.fromMs);
  const others = countsOf(met.filter(({ end }) => end.type !== 'right'));
  return `| ${seconds(span.fromMs - beganMs)} | ${kind} | ${detail} | ${lasted} | ${right} | ${others} |`;
}

function countsOf(calls: readonly SeenCall[]): string {
  const counts = new Map<string, number>();
  for (const { end } of calls) {
    const name = nameOf(end);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => `${count} ${name}`).join(', ') || '-';
}

function nameOf(end: SeenCall['end']): string {
  switch (end.type) {
    case 'right':
      return 'right';
    case 'error':
      return `${end.code}${end.status ? ` (${end.status})` : ''}`;
    case 'cut':
      return `cut (${end.why})`;
    case 'wrong':
      return 'wrong';
    default:
      return end satisfies never;
  }
}
