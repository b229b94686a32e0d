import { join } from 'node:path';
import type { Finding } from '../protocol/diagnostics.ts';
import { findCases } from './case-files.ts';
import { type CaseResult, type PlaysCases, playCases } from './play-cases.ts';

/** A version of an agent, and what its cases are played with. */
export type Judging = {
  readonly agent: { readonly id: string; readonly module_path: string };
  readonly projectRoot: string;
  readonly folder: string;
  readonly plays: PlaysCases;
  /** For all of them together. */
  readonly withinMs: number;
  readonly signal: AbortSignal;
};

/** Why a version is not to serve. */
export type Refusal = { readonly finding: Finding; readonly watched: readonly string[] };

/**
 * Plays the cases of a version that bring the answers of their models. Never throws.
 *
 * @returns What fails; null where nothing does, and where the outcome is not wanted any more.
 */
export async function judgeCases(judging: Judging): Promise<Refusal | null> {
  const { agent, projectRoot, plays: gateway, withinMs, signal } = judging;
  const late = AbortSignal.timeout(withinMs);
  const watched: string[] = [];
  try {
    const cases = await findCases(projectRoot, [agent]);
    watched.push(...cases.map(({ path }) => join(projectRoot, path)));
    const results = await playCases(cases, {
      gateway,
      repeat: 1,
      skipsLive: 'A real model is not asked here.',
      signal: AbortSignal.any([late, signal]),
      onResult: () => undefined,
    });
    const failed = results.filter(({ result }) => result === 'failed');
    const [first] = failed;
    return first ? { watched, finding: caseFailed(first, failed.length, judging) } : null;
  } catch (error) {
    if (signal.aborted) return null;
    return { watched, finding: notPlayed(late.aborted, error, judging) };
  }
}

/** So much of what differs is shown. */
const FRAME_LIMIT = 2000;

function caseFailed(
  { file, error, difference }: CaseResult,
  count: number,
  { agent, projectRoot }: Judging,
): Finding {
  const place = difference?.place ? `${difference.place}: ` : '';
  const why = error ?? `${place}${difference?.message ?? ''}`;
  const more = count > 1 ? ` ${count - 1} more of its cases fail.` : '';
  const frame = (difference?.changes ?? [])
    .map(({ path, recorded, replayed }) =>
      [path, `- ${JSON.stringify(recorded)}`, `+ ${JSON.stringify(replayed)}`]
        .filter((line) => line !== '')
        .join('\n'),
    )
    .join('\n');
  return {
    stage: 'load',
    code: 'case_failed',
    severity: 'error',
    message: `This version does not serve, because the case ${file} fails: ${why}${more}`,
    file: join(projectRoot, file),
    ...(frame !== '' && { frame: frame.slice(0, FRAME_LIMIT) }),
    hint: `Mend the agent or the case: \`dropgate test ${agent.id}\` shows all. To serve it all the same, set tests: off for it below agents in gateway.yaml.`,
  };
}

function notPlayed(isLate: boolean, error: unknown, { agent, folder, withinMs }: Judging): Finding {
  const why = isLate
    ? `take longer than ${withinMs / 1000} s`
    : `could not be played: ${(error as Error).message}`;
  return {
    stage: 'load',
    code: 'cases_not_played',
    severity: 'error',
    message: `This version does not serve, because its cases ${why}.`,
    file: folder,
    hint: `See which by \`dropgate test ${agent.id}\`. To serve it all the same, set tests: off for it below agents in gateway.yaml.`,
  };
}
