import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { processStat } from '../../system/processes.ts';
import { readOutputs, untilClosed } from './last-lines.ts';

test('reads the last words of a process that ended while the gateway itself stood still', async () => {
  // What it leaves behind holds its pipes open, so that only the timer ends the wait.
  const child = spawn('sh', ['-c', 'echo "its last words" >&2; sleep 30 & echo $! >&2'], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const lines = readOutputs(child, () => {});
  const closed = untilClosed(child);
  standStillUntil(() => processStat(child.pid ?? 0) === null);

  await closed;

  expect(lines).toEqual(['its last words', expect.stringMatching(/^\d+$/)]);
  process.kill(Number(lines[1]), 'SIGKILL');
});

/** No shorter than the wait for last words. */
function standStillUntil(isSo: () => boolean): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  Atomics.wait(cell, 0, 0, 600);
  while (!isSo()) Atomics.wait(cell, 0, 0, 20);
}
