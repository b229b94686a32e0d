import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { allProcesses } from '../../system/processes.ts';
import { createDescendants } from './descendants.ts';
import { endLeftovers, killProcess } from './leftovers.ts';

test.skipIf(process.platform !== 'linux')(
  'what is started until the last moment, without its environment, is ended too',
  async () => {
    const nap = 1_000_000 + process.pid;
    onTestFinished(() => naps(nap).forEach(killProcess));
    const loop = `while :; do setsid sleep ${nap} & sleep 0.01; done`;
    const worker = spawn('sh', ['-c', `env -i PATH="$PATH" sh -c '${loop}' & wait`], {
      detached: true,
      stdio: 'ignore',
    });
    const pid = worker.pid ?? 0;
    const descendants = createDescendants(pid);
    await expect.poll(() => naps(nap).length).toBeGreaterThan(3);
    descendants.look();
    worker.kill('SIGKILL');
    await once(worker, 'exit');
    await endLeftovers(() => {
      descendants.look();
      return { pid, mark: '', outside: descendants.outside() };
    });
    expect(naps(nap)).toEqual([]);
  },
);

/** Pids of this machine's processes that sleep for so long. */
function naps(seconds: number): number[] {
  return allProcesses().filter((pid) => commandOf(pid) === `sleep\0${seconds}\0`);
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
