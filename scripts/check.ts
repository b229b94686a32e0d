// `node scripts/check.ts all|static`: runs the static checks side by side, then the tests where none of them failed;
// that of Python goes on beside the tests.
import { spawn } from 'node:child_process';

type Check = { readonly name: string; readonly command: readonly string[] };

/** Waits for a registry on a fresh machine, so the tests do not wait for it. */
const pythonCheck: Check = { name: 'Python', command: ['node', 'scripts/check-python.ts'] };
/** The longest first, so that none is left for the end. The types by one thread: each more checks again what all share. */
const staticChecks: readonly Check[] = [
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json', '--noEmit', '--singleThreaded'] },
  { name: 'lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'bars', command: ['node', 'scripts/check-bars.ts'] },
  { name: 'workflows', command: ['node', 'scripts/check-workflows.ts'] },
  { name: 'docs', command: ['node', 'scripts/generate-docs.ts', '--check'] },
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
  const python = passes(pythonCheck);
  const left = [...staticChecks];
  const passed: boolean[] = [];
  const work = async (): Promise<void> => {
    for (let check = left.shift(); check; check = left.shift()) passed.push(await passes(check));
  };
  // Waits for a registry, which costs the checks nothing.
  const fetched = set === 'all' ? run(['node', 'scripts/fetch-packages.ts'], 'pipe') : null;
  await Promise.all(Array.from({ length: lanes }, work));
  const arePassed = passed.every(Boolean);
  await fetched;
  const areTested = arePassed && set === 'all' ? await passes(tests) : arePassed;
  if (!(await python) || !areTested) process.exitCode = 1;
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
    // The line that closes the tests is read by machines and stays the last one.
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
