import { checklist } from './checklist.ts';
import { type Counts, dropInCounts } from './counts.ts';
import { type RunResult, type SourceName, sources } from './results.ts';

export type Results = Readonly<Record<SourceName, RunResult | null>>;

/** A line of the checklist with what its result told; null where there is no result, or it cannot be read. */
type Judged = { readonly what: string; readonly evidence: string; readonly counts: Counts | null };

/** The page, and what keeps it from saying that all is well. */
export type Review = { readonly page: string; readonly wanting: readonly string[] };

/** Makes the review of results; nothing in it is from anywhere else. */
export function reviewOf(results: Results, head: string | null): Review {
  const judged = checklist.map(({ what, evidence, source, count }): Judged => {
    const result = results[source];
    return { what, evidence, counts: result && attempt(() => count(result)) };
  });
  const names = Object.keys(sources) as SourceName[];
  const wanting = [
    ...judged.flatMap(({ what, counts }) =>
      stateOf(counts) === 'yes' ? [] : [`${what}: ${stateOf(counts)}`],
    ),
    ...names.flatMap((name) => staleness(name, results[name], head)),
    ...(results.bench?.exit_code === 0 ? [] : ['Figures: missing']),
  ];
  const page = [
    '<!-- Written by scripts/launch-readiness from the results of real runs; run it again instead of editing. -->',
    '# Launch readiness',
    '',
    wanting.length === 0
      ? 'Everything on the list holds.'
      : `Not everything on the list holds: ${wanting.length} to do.`,
    '',
    '| what has to hold | shown by | succeeded | failed | left out | holds |',
    '| --- | --- | --- | --- | --- | --- |',
    ...judged.map(rowOf),
    '',
    '## What is to do',
    '',
    ...(wanting.length === 0 ? ['Nothing.'] : wanting.map((one) => `- ${one}`)),
    '',
    '## What was run',
    '',
    '| result | made by | at | of commit | exit code |',
    '| --- | --- | --- | --- | --- |',
    ...names.map((name) => sourceRow(name, results[name])),
    '',
    ...installLines(results['drop-ins']),
    ...benchLines(results.bench),
  ];
  return { page: `${page.join('\n').trimEnd()}\n`, wanting };
}

function attempt(count: () => Counts): Counts | null {
  try {
    return count();
  } catch {
    // A run that broke printed something else than its result.
    return null;
  }
}

function stateOf(counts: Counts | null): 'yes' | 'no' | 'missing' {
  if (counts === null || counts.passed + counts.failed === 0) return 'missing';
  return counts.failed === 0 ? 'yes' : 'no';
}

function rowOf({ what, evidence, counts }: Judged): string {
  const { passed, failed, skipped } = counts ?? { passed: '–', failed: '–', skipped: '–' };
  return `| ${what} | ${evidence} | ${passed} | ${failed} | ${skipped} | ${stateOf(counts)} |`;
}

function staleness(name: SourceName, result: RunResult | null, head: string | null): string[] {
  if (!result || result.commit === head) return [];
  return [`The result of ${sources[name].about} is of another commit`];
}

function sourceRow(name: SourceName, result: RunResult | null): string {
  const { made_at = 'missing', commit = null, exit_code = '–' } = result ?? {};
  const shown = commit?.slice(0, 12) ?? '–';
  return `| ${sources[name].about} | \`${sources[name].made}\` | ${made_at} | ${shown} | ${exit_code} |`;
}

function installLines(result: RunResult | null): string[] {
  if (!result || !attempt(() => dropInCounts(result))) return [];
  const { node, platform, install_mb, packages, start_ms, first_answer_ms } = JSON.parse(
    result.text,
  );
  return [
    '## Install and start',
    '',
    `On ${platform} with Node ${node}: ${packages} packages, ${install_mb} MB; the gateway listened after ${start_ms} ms and gave its first answer after ${first_answer_ms} ms.`,
    '',
  ];
}

function benchLines(result: RunResult | null): string[] {
  return result?.exit_code === 0 ? ['## Figures', '', result.text.trim()] : [];
}
