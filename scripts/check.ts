// `node scripts/check.ts all|static`: runs every check in order and stops at the first that fails.
import { spawn } from 'node:child_process';

type Check = { readonly name: string; readonly command: readonly string[] };

const staticChecks: readonly Check[] = [
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json', '--noEmit'] },
  { name: 'lint', command: ['biome', 'check', '--error-on-warnings', '.'] },
  { name: 'dead code', command: ['knip'] },
  { name: 'bars', command: ['node', 'scripts/check-bars.ts'] },
  { name: 'docs', command: ['node', 'scripts/generate-docs.ts', '--check'] },
];
const tests: Check = { name: 'tests', command: ['node', 'scripts/run-tests.ts'] };

const wanted: Readonly<Record<string, readonly Check[]>> = {
  all: [...staticChecks, tests],
  static: staticChecks,
};

await main(process.argv[2] ?? 'all');

async function main(set: string): Promise<void> {
  const checks = wanted[set];
  if (!checks) {
    console.error(`Unknown set of checks "${set}"; there are: ${Object.keys(wanted).join(', ')}.`);
    process.exitCode = 2;
    return;
  }
  for (const check of checks) {
    const startedAtMs = performance.now();
    const exitCode = await run(check.command);
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    if (exitCode !== 0) {
      console.error(`✗ ${check.name}: failed after ${seconds} s (${check.command.join(' ')})`);
      process.exitCode = 1;
      return;
    }
    // The line that closes the tests is read by machines and stays the last one.
    if (check !== tests) console.log(`✓ ${check.name} (${seconds} s)`);
  }
}

/** Runs a command on our own stdio; whoever ends us by a signal ends it too. */
function run([program = '', ...args]: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: 'inherit' });
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    process.once('SIGTERM', pass);
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('SIGTERM', pass);
      resolve(code ?? 1);
    });
  });
}
