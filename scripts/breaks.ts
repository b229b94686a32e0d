// `node scripts/breaks.ts [--only id]… [--all-tests] [--json]`: breaks a copy of the workspace in one place at a time,
// and ends with 1 where no test notices. The workspace itself stays as it is.
import { parseArgs } from 'node:util';
import type { Break } from './breaks/break.ts';
import { copyWorkspace, type WorkspaceCopy } from './breaks/copy-workspace.ts';
import { knownBreaks } from './breaks/known-breaks.ts';
import { runTests } from './breaks/run-tests.ts';
import { outcomeLine, summary, toJson } from './breaks/show-outcomes.ts';
import { type Outcome, testsOfAll, tryBreak } from './breaks/try-break.ts';
import { workspaceRoot } from './source-files.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    'all-tests': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

process.exitCode = await main(values.only);

async function main(only: readonly string[]): Promise<number> {
  const wanted = only.flatMap((ids) => ids.split(','));
  const unknown = wanted.filter((id) => knownBreaks.every((one) => one.id !== id));
  if (unknown.length > 0) {
    const all = knownBreaks.map(({ id }) => id).join(', ');
    console.error(`Unknown break ${unknown.join(', ')}; there are: ${all}.`);
    return 2;
  }
  const breaks = knownBreaks.filter(({ id }) => wanted.length === 0 || wanted.includes(id));
  const abort = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => abort.abort());
  const copy = await copyWorkspace(workspaceRoot);
  try {
    return await tryAll(copy, breaks, abort.signal);
  } catch (thrown) {
    if (!abort.signal.aborted) throw thrown;
    return 1;
  } finally {
    await copy.remove();
  }
}

async function tryAll(
  copy: WorkspaceCopy,
  breaks: readonly Break[],
  signal: AbortSignal,
): Promise<number> {
  const startedMs = performance.now();
  const extent = values['all-tests'] ? 'all tests' : 'its tests';
  say(`The tests of ${breaks.length} breaks, on the copy as it is …`);
  const whole = await runTests(copy, { ...testsOfAll(breaks, extent), until: 'end' }, signal);
  if (whole.type !== 'passed') {
    const why = whole.type === 'failed' ? `${whole.title}\n${whole.why}` : whole.output;
    console.error(`They fail without any break, so nothing can be told:\n${why}`);
    return 1;
  }
  say(`${whole.tests} passed. Now one break at a time:`);
  const outcomes: Outcome[] = [];
  for (const one of breaks) {
    const outcome = await tryBreak(copy, one, { extent, signal });
    outcomes.push(outcome);
    say(outcomeLine(outcome));
  }
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(values.json ? toJson(outcomes, seconds) : `\n${summary(outcomes, seconds)}`);
  return outcomes.every(({ state }) => state === 'noticed') ? 0 : 1;
}

/** What is said on the way goes beside the JSON. */
function say(text: string): void {
  if (values.json) console.error(text);
  else console.log(text);
}
