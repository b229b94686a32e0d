// `node scripts/check.ts all|static`: runs the static checks side by side, and with `all` the tests beside them: those
// wait at first, for registries on a fresh machine, and later for processes and limits.
import { spawn } from 'node:child_process';

type Check = { readonly name: string; readonly command: readonly string[] };

/** Of what waits for a registry on a fresh machine, each goes on beside all others. */
const fetchingChecks: readonly Check[] = [
  { name: 'Python', command: ['node', 'scripts/check-python.ts'] },
  { name: 'workflows', command: ['node', 'scripts/check-workflows.ts'] },
];
/** The longest first, so that none is left for the end. The types by one thread: each more checks again what all share. */
const otherChecks: readonly Check[] = [
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json', '--noEmit', '--singleThreaded'] },
  { name: 'types of the console', command: ['tsc', '-p', 'packages/console/tsconfig.json'] },
  { name: 'lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'docs', command: ['node', 'scripts/generate-docs.ts', '--check'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'bars', command: ['node', 'scripts/check-bars.ts'] },
  { name: 'figures', command: ['node', 'bench/all/bench.ts', 'report', '--check'] },
];
const tests: Check = { name: 'tests', command: ['node', 'scripts/run-tests.ts'] };

const sets: readonly string[] = ['all', 'static'];

/** As many at a time as the machines have cores that this has to be quick on. */
const lanes = 2;

await main(process.argv[2] ?? 'all');

async function main(set: string): Promise<void> {
  if (!sets.includes(set)) {
    console.error(`Unknown set of checks "${set}"; there are: ${sets.join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  const begun = fetchingChecks.map(passes);
  // A check that fails is told at once and ends no test. The line that closes the tests is read by machines and comes last:
  // they take many times as long as the checks.
  if (set === 'all') begun.push(passes(tests));
  const left = [...otherChecks];
  const work = async (): Promise<void> => {
    for (let check = left.shift(); check; check = left.shift()) {
      const passed = passes(check);
      begun.push(passed);
      await passed;
    }
  };
  await Promise.all(Array.from({ length: lanes }, work));
  const passed = await Promise.all(begun);
  if (!passed.every(Boolean)) process.exitCode = 1;
}

/** Runs a check and tells of it; what a static one printed is shown in one piece, and only where it failed. */
async function passes(check: Check): Promise<boolean> {
  const startedAtMs = performance.now();
  const { exitCode, output } = await run(check.command, check === tests ? 'inherit' : 'pipe');
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  if (exitCode !== 0) {
    process.stderr.write(output);
    console.error(`✗ ${check.name}: failed after ${seconds} s (${check.command.join(' ')})`);
  } else if (check !== tests) {
    const skipped = /^skipped: (.*)$/m.exec(output)?.[1];
    console.log(
      skipped ? `– ${check.name}: skipped, ${skipped}` : `✓ ${check.name} (${seconds} s)`,
    );
  }
  return exitCode === 0;
}

type Ended = { readonly exitCode: number; readonly output: string };

/** Runs a command, on our own stdio or with what it prints collected; whoever ends us by a signal ends it too. */
function run([program = '', ...args]: readonly string[], stdio: 'inherit' | 'pipe') {
  return new Promise<Ended>((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', stdio, stdio] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    process.once('SIGTERM', pass);
    child.once('error', reject);
    child.once('close', (code) => {
      process.off('SIGTERM', pass);
      resolve({ exitCode: code ?? 1, output });
    });
  });
}
