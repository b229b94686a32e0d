// Runs vitest, then prints the line machines read: `12 passed, 0 failed` (and `, 1 skipped`), alone and last.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { closingLine } from './closing-line.ts';

const folder = await mkdtemp(join(tmpdir(), 'dropgate-tests-'));
try {
  const reportFile = join(folder, 'report.json');
  const exitCode = await runVitest(reportFile, process.argv.slice(2));
  const report = await readFile(reportFile, 'utf8').catch(() => null);
  console.log(closingLine(report, exitCode));
  process.exitCode = exitCode;
} finally {
  await rm(folder, { recursive: true, force: true });
}

/** Files or filters given to us are handed on to vitest. */
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
