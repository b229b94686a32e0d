/**
 * `make bench` (`ONLY="runs streams"`), or `node bench/all/bench.ts [names…]`: runs the benches of `benches.ts`, all but those
 * that have to be named, or those that are named. Each keeps its result in `bench/results/<name>.json`; tables and charts of both
 * pages are written from these files. Linux only (reads /proc). One that fails is told, and the others go on.
 *
 * - `--list` lists them. `--dry` keeps nothing: for a look with small settings.
 * - `report` writes tables and charts again; `report --check` ends with 1 where they are not those of the files.
 * - `quick` takes two minutes at most, and ends with 1 where Dropgate got much worse against the bare servers.
 */
import { type Bench, benches, benchesOf } from './benches.ts';
import { listText } from './list.ts';
import { format } from './page.ts';
import { measureQuickly } from './quick.ts';
import { staleReport, writeReport } from './report.ts';
import { writeResult } from './result.ts';
import { runBench } from './run-bench.ts';

const words = process.argv.slice(2);
const options = words.filter((word) => word.startsWith('--'));
const names = words.filter((word) => !word.startsWith('--'));
const unknown = options.find((option) => !['--list', '--dry', '--check'].includes(option));

await main();

async function main(): Promise<void> {
  if (unknown) return fail(`There is no option ${unknown}; there are --list, --dry and --check.`);
  if (options.includes('--list')) return console.log(listText());
  if (names[0] === 'report') return report();
  if (names[0] === 'quick') {
    const { text, worse } = await measureQuickly();
    console.log(text);
    if (worse.length > 0) process.exitCode = 1;
    return;
  }
  let chosen: Bench[];
  try {
    chosen = names.length > 0 ? benchesOf(names) : benches.filter(({ isNamed }) => !isNamed);
  } catch (error) {
    return fail((error as Error).message);
  }
  await runAll(chosen);
}

async function runAll(chosen: readonly Bench[]): Promise<void> {
  const isKept = !options.includes('--dry');
  for (const bench of chosen) {
    console.error(`${bench.name}: ${bench.measures}, about ${bench.minutes} minutes …`);
    try {
      const result = await runBench(bench);
      // After each, so that what comes after it cannot take it away.
      if (isKept && result) format([writeResult(result)]);
      if (isKept) writeReport();
      console.error(`✓ ${bench.name}`);
    } catch (error) {
      fail(`✗ ${bench.name}: ${error instanceof Error ? error.message : error}`);
    }
  }
}

function report(): void {
  if (!options.includes('--check')) {
    writeReport();
    return;
  }
  const stale = staleReport();
  if (stale.length === 0) console.log('All figures are those of the result files.');
  else fail(`Stale: ${stale.join(', ')}. Run "make bench ONLY=report" and commit what it writes.`);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}
