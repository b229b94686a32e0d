import { existsSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Break, broken, packageFolder } from './break.ts';
import type { WorkspaceCopy } from './copy-workspace.ts';
import { runTests } from './run-tests.ts';

/** What became of a break. */
export type Outcome = {
  readonly tried: Break;
  readonly state: 'noticed' | 'survived' | 'not_tried';
  /** The test that failed, or why it could not be tried. */
  readonly told: string;
  readonly seconds: number;
};

export type Extent = 'its tests' | 'all tests';

/** Breaks a copy, runs the tests that have to notice, and mends it again. Rejects where the signal aborts. */
export async function tryBreak(
  copy: WorkspaceCopy,
  tried: Break,
  { extent, signal }: { readonly extent: Extent; readonly signal: AbortSignal },
): Promise<Outcome> {
  const startedMs = performance.now();
  const file = join(copy.root, packageFolder, tried.file);
  const end = (state: Outcome['state'], told: string): Outcome => {
    const seconds = Math.round((performance.now() - startedMs) / 100) / 10;
    return { tried, state, told, seconds };
  };
  if (!existsSync(file)) {
    const told = `There is no ${tried.file}. Name the file that has its text now, in scripts/breaks/known.`;
    return end('not_tried', told);
  }
  const whole = readFileSync(file, 'utf8');
  try {
    write(file, broken(whole, tried));
    const run = await runTests(copy, { ...testsOfAll([tried], extent), until: 'first' }, signal);
    if (run.type === 'failed') return end('noticed', `${run.title}\n${run.why}`);
    if (run.type === 'not_run') return end('not_tried', lastLines(run.output));
    return run.tests === 0
      ? end('not_tried', 'No test has a title that fits.')
      : end('survived', `${run.tests} tests passed`);
  } catch (thrown) {
    signal.throwIfAborted();
    return end('not_tried', thrown instanceof Error ? thrown.message : String(thrown));
  } finally {
    write(file, whole);
  }
}

/** The tests that breaks are held against: files below the workspace, all where there are none. */
export function testsOfAll(breaks: readonly Break[], extent: Extent) {
  if (extent === 'all tests') return { files: [] };
  const files = breaks.flatMap(({ tests }) => tests.map((test) => `${packageFolder}/${test}`));
  const [titles, ...others] = new Set(breaks.map((one) => one.titles));
  return { files: [...new Set(files)], ...(others.length === 0 ? { titles } : {}) };
}

/** Python tells its compiled files apart by seconds and size alone. */
function write(file: string, text: string): void {
  writeFileSync(file, text);
  if (!file.endsWith('.py')) return;
  const stem = basename(file, '.py');
  for (const compiled of globSync(`__pycache__/${stem}.*`, { cwd: dirname(file) })) {
    rmSync(join(dirname(file), compiled));
  }
}

/** Lines of output that are shown of tests that did not run. */
const shownLines = 15;

function lastLines(output: string): string {
  return `The tests did not run:\n${output.trim().split('\n').slice(-shownLines).join('\n')}`;
}
