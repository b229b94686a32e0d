import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { WorkspaceCopy } from './copy-workspace.ts';

/** What came of some tests. `failed`: the first that did, and the first line of why. */
export type TestsRun =
  | { readonly type: 'passed'; readonly tests: number }
  | { readonly type: 'failed'; readonly title: string; readonly why: string }
  /** They did not run to their end. */
  | { readonly type: 'not_run'; readonly output: string };

/** In a copy a hang is a mistake that was noticed; the suite's own limit is far longer. */
const hangLimitMs = 90_000;

/** Whatever still runs after so long is ended. */
const longestRunMs = 15 * 60_000;

/** What is left to end by itself gets so long. */
const graceMs = 10_000;

type Tests = {
  /** Below the workspace; all there are where it is empty. */
  readonly files: readonly string[];
  readonly titles?: string | undefined;
  /** `first`: ends with the first failure. */
  readonly until: 'first' | 'end';
};

/** Runs tests in a copy, on the package that they build of it. */
export async function runTests(
  copy: WorkspaceCopy,
  { files, titles, until }: Tests,
  signal: AbortSignal,
): Promise<TestsRun> {
  const reportFile = join(copy.temp, 'report.json');
  await rm(reportFile, { force: true });
  const args = ['run', '--reporter=json', `--outputFile.json=${reportFile}`, '--passWithNoTests'];
  // That each break fits the code is no proof of anything once one is in it.
  args.push('--exclude=scripts/breaks/**');
  if (until === 'first') args.push('--bail=1');
  if (titles !== undefined) args.push(`--testNamePattern=${titles}`);
  const output = await vitest(copy, [...args, ...files], signal);
  signal.throwIfAborted();
  const report = await readFile(reportFile, 'utf8').catch(() => null);
  return report === null ? { type: 'not_run', output } : readReport(JSON.parse(report), output);
}

function vitest(
  { root, temp }: WorkspaceCopy,
  args: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const child = spawn(process.execPath, [join(root, 'node_modules/vitest/vitest.mjs'), ...args], {
    cwd: root,
    env: {
      ...process.env,
      PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
      TMPDIR: temp,
      TEST_HANG_LIMIT_MS: String(hangLimitMs),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const pieces: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => pieces.push(piece));
  }
  const kill = (how: NodeJS.Signals) => {
    try {
      if (child.pid) process.kill(-child.pid, how);
    } catch {
      // It ended by itself.
    }
  };
  const stop = () => {
    kill('SIGTERM');
    setTimeout(() => kill('SIGKILL'), graceMs).unref();
  };
  const limit = setTimeout(stop, longestRunMs);
  signal.addEventListener('abort', stop, { once: true });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      clearTimeout(limit);
      signal.removeEventListener('abort', stop);
      resolve(pieces.join(''));
    });
  });
}

type Report = {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[] | null;
    }[];
  }[];
};

function readReport({ success, numPassedTests, testResults }: Report, output: string): TestsRun {
  const [test] = testResults.flatMap(({ assertionResults }) =>
    assertionResults.filter(({ status }) => status === 'failed'),
  );
  if (test) {
    const [why = ''] = test.failureMessages ?? [];
    return { type: 'failed', title: test.fullName, why: firstLine(why) };
  }
  // A file of which no test ran proves nothing: a busy machine may have kept it from its beginning.
  const file = testResults.find(({ status }) => status === 'failed');
  if (file) return { type: 'not_run', output: `${file.name}\n${file.message ?? ''}` };
  if (!success) return { type: 'not_run', output };
  return { type: 'passed', tests: numPassedTests };
}

function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}
