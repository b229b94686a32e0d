// Runs vitest, then prints the line machines read: `12 passed, 0 failed` (and `, 1 skipped`), alone and last.
// Fails where a test was left out that packages/gateway/test/skips.json does not list; TEST_MACHINE (`root,python`)
// names what this machine is, so that what needs it may not be left out.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closingLine } from './closing-line.ts';
import { skipFaults } from './skipped-tests.ts';
import { workspaceRoot } from './source-files.ts';

const folder = await mkdtemp(join(tmpdir(), 'dropgate-tests-'));
try {
  const reportFile = join(folder, 'report.json');
  let exitCode = await runVitest(reportFile, process.argv.slice(2));
  const report = await readFile(reportFile, 'utf8').catch(() => null);
  if (exitCode === 0 && report !== null && !(await areSkipsListed(report))) exitCode = 1;
  console.log(closingLine(report, exitCode));
  process.exitCode = exitCode;
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function areSkipsListed(report: string): Promise<boolean> {
  const list = await readFile(join(workspaceRoot, 'packages/gateway/test/skips.json'), 'utf8');
  const here = process.env.TEST_MACHINE?.split(',') ?? [];
  const faults = skipFaults(report, JSON.parse(list), here);
  for (const fault of faults) console.error(fault);
  return faults.length === 0;
}

/** Files, filters and options given to us are handed on to vitest. */
function runVitest(reportFile: string, filters: readonly string[]): Promise<number> {
  const args = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  return new Promise((resolve, reject) => {
    const child = spawn('vitest', [...args, ...filters], { stdio: 'inherit' });
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    process.once('SIGTERM', pass);
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('SIGTERM', pass);
      resolve(code ?? 1);
    });
  });
}
