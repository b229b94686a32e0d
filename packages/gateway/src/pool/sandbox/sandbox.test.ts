import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { noSandbox } from '../../../test/support/bubblewrap.ts';
import {
  finishRun,
  type ScriptedPool,
  scriptedPool,
  startRun,
} from '../../../test/support/scripted-pool.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { processStat } from '../../system/processes.ts';
import { createDescendants } from '../process/descendants.ts';

const missing = noSandbox();

describe.skipIf(missing !== null)(`a worker in a sandbox (${missing ?? 'runs'})`, () => {
  test.each([
    ['die', { reason: 'crashed', exitCode: null, signal: 'SIGKILL' }],
    ['exit 3', { reason: 'exited', exitCode: 3, signal: null }],
    ['fault', { reason: 'crashed', detail: { message: 'x is not a function' } }],
    ['garbage', { reason: 'protocol' }],
  ])('tells how it ended as one outside does: %s', async (command, end) => {
    const pool = boxedPool();
    await finishRun(startRun(pool, command));
    expect(await pool.event('worker_ended')).toMatchObject(end);
  });

  test('ends when it is asked to', async () => {
    const pool = boxedPool();
    await finishRun(startRun(pool, 'echo 1'));
    await pool.retire('default/echo', 1);
    expect(await pool.event('worker_ended')).toMatchObject({ reason: 'retired', exitCode: 0 });
  });

  test('holds as much as its children hold with it', async () => {
    const pool = boxedPool({ memoryLimitMb: 400 });
    await finishRun(startRun(pool, 'leave hoard'));
    expect(await pool.event('worker_ended')).toMatchObject({ reason: 'memory' });
  });

  test('has no more processes than it may', async () => {
    const pool = boxedPool({ processLimit: 10 });
    await finishRun(startRun(pool, 'leave many'));
    expect(await pool.event('worker_ended')).toMatchObject({ reason: 'processes' });
  });

  test('is gone with all that it left when the gateway is killed, without another start', async () => {
    const host = spawn(
      process.execPath,
      [
        join(import.meta.dirname, '../../../test/fixtures/leaving-host.ts'),
        await tempFolder(),
        '--boxed',
        'session',
        'daemon',
        'bare',
      ],
      { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
    );
    onTestFinished(() => {
      host.kill('SIGKILL');
    });
    const [told] = (await once(host.stdout, 'data')) as [Buffer];
    const worker = Number(told.toString().split(' ')[0]);
    const descendants = createDescendants(worker);
    descendants.look();
    const pids = [worker, ...descendants.pids()];
    // The door of the sandbox, its first process, the worker and the three that it left.
    expect(pids).toHaveLength(6);
    host.kill('SIGKILL');
    await expect.poll(() => pids.filter((pid) => processStat(pid) !== null)).toEqual([]);
  });
});

function boxedPool(settings: Parameters<typeof scriptedPool>[0] = {}): ScriptedPool {
  const pool = scriptedPool(settings, { isBoxed: true });
  onTestFinished(() => pool.dispose());
  return pool;
}
