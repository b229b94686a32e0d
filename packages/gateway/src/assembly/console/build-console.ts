import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InstallError } from '../../dependencies/install/install-result.ts';
import { runProgram } from '../../dependencies/install/run-program.ts';
import type { ConsoleBuild } from '../../http/console/console-build.ts';
import { newestTimeMs } from '../../system/newest-time.ts';

type BuildDeps = {
  /** The folder of the console's sources, absolute. */
  readonly sources: string;
  /** Builds it, absolute: a script for Node. */
  readonly script: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Takes secrets out of what a build printed: whoever opens the page is shown that, without a key. */
  readonly hide: (text: string) => string;
  /** Ends a build that goes on. */
  readonly signal: AbortSignal;
};

/** An install of its packages and a build; both together take seconds on most machines. */
const buildTimeoutMs = 600_000;

/** A visit tries again after a failure, but not each of many. */
const tryAgainAfterMs = 3000;

/** Of what a build printed, its end. */
const shownChars = 8000;

/**
 * Builds the console of a clone on the first visit and when its sources changed since, one build at a time. The build is a
 * process group of its own, which ends with the gateway.
 *
 * @returns Says how it is, and begins a build where one is needed.
 */
export function createConsoleBuild(deps: BuildDeps): () => Promise<ConsoleBuild> {
  let builtForMs = Number.NaN;
  let build: Promise<void> | null = null;
  let failed: { readonly atMs: number; readonly output: string } | null = null;

  async function begin(newestMs: number): Promise<void> {
    try {
      await runBuild(deps);
      builtForMs = newestMs;
      failed = null;
    } catch (error) {
      failed = { atMs: performance.now(), output: outputOf(error, deps.hide) };
    } finally {
      build = null;
    }
  }

  return async () => {
    if (build) return { state: 'building' };
    const newestMs = await newestTimeMs(deps.sources, made);
    if (newestMs === builtForMs || (await builtMs(deps.sources)) >= newestMs) {
      return { state: 'built' };
    }
    if (failed && performance.now() - failed.atMs < tryAgainAfterMs) {
      return { state: 'failed', output: failed.output };
    }
    build ??= begin(newestMs);
    return { state: 'building' };
  };
}

/** What is made of the sources, and lies among them. */
const made: ReadonlySet<string> = new Set(['node_modules', 'dist']);

/** Of when the sources are that were built, as `scripts/built-console.ts` leaves it; 0 where nothing is built. */
async function builtMs(sources: string): Promise<number> {
  return (await stat(join(sources, 'dist/index.html')).catch(() => null))?.mtimeMs ?? 0;
}

async function runBuild({ sources, script, environment, signal }: BuildDeps): Promise<void> {
  const failure = (text: string, cause?: unknown) =>
    new InstallError('npm_failed', text, { hint: '', ...(cause === undefined ? {} : { cause }) });
  await runProgram(
    { file: process.execPath, args: [script] },
    {
      folder: sources,
      environment,
      signal,
      timeoutMs: buildTimeoutMs,
      onStart: () => undefined,
    },
    {
      name: 'The build',
      explain: (output) => failure(output),
      notStarted: (cause) => failure(`Node could not be started: ${String(cause)}`, cause),
    },
  );
}

function outputOf(error: unknown, hide: BuildDeps['hide']): string {
  const text = error instanceof Error ? error.message : String(error);
  // Before it is cut: a part of a secret is not known for one.
  return hide(text).trim().slice(-shownChars) || 'It said nothing.';
}
