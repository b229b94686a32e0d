import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  finishRun,
  isAlive,
  type ScriptedPool,
  scriptedPool,
  startRun,
} from '../../test/support/scripted-pool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { processStat } from '../system/processes.ts';

/** What a worker leaves: in a session of its own; as a daemon; in a session of its own and without its environment. */
const ways = ['session', 'daemon', 'bare'];

/** How a worker ends. */
const ends: Readonly<Record<string, (pool: ScriptedPool) => Promise<unknown>>> = {
  'is retired': (pool) => pool.retire('default/echo', 1),
  'ends with the gateway': (pool) => pool.close(0),
  crashes: (pool) => finishRun(startRun(pool, 'die', { runId: 'end' })),
  exits: (pool) => finishRun(startRun(pool, 'exit 0', { runId: 'end' })),
  'breaks the protocol': (pool) => finishRun(startRun(pool, 'garbage', { runId: 'end' })),
};

describe.skipIf(process.platform !== 'linux')('what a worker started', () => {
  test.each(ways.flatMap((way) => Object.keys(ends).map((end) => [way, end] as const)))(
    'as a %s is gone when the worker %s',
    async (way, end) => {
      const pool = poolWith();
      const pid = await leave(pool, way);
      expect(lives(pid)).toBe(true);
      await ends[end]?.(pool);
      await pool.event('worker_ended');
      await expect.poll(() => lives(pid)).toBe(false);
    },
  );

  test('is gone before the worker counts as ended', async () => {
    const pool = poolWith();
    const pid = await leave(pool, 'daemon');
    await pool.close(0);
    expect(lives(pid)).toBe(false);
  });

  test('is ended by the next start where the gateway was killed', async () => {
    const folder = await tempFolder();
    const host = spawn(
      process.execPath,
      [join(import.meta.dirname, '../../test/fixtures/leaving-host.ts'), folder, ...ways],
      { stdio: ['ignore', 'pipe', 'inherit'], detached: true },
    );
    onTestFinished(() => {
      host.kill('SIGKILL');
    });
    const [told] = (await once(host.stdout, 'data')) as [Buffer];
    const [, ...pids] = told.toString().trim().split(' ').map(Number);
    onTestFinished(() => pids.forEach(kill));
    await expect.poll(() => recorded(folder)).toContain(pids[2]);
    host.kill('SIGKILL');
    await once(host, 'exit');
    expect(pids.map(lives)).toEqual([true, true, true]);
    const next = scriptedPool({}, { folder });
    await next.start();
    await expect.poll(() => pids.map(lives)).toEqual([false, false, false]);
    await next.close(0);
  });

  test('counts as memory of the worker', async () => {
    const pool = poolWith({ memoryLimitMb: 400 });
    const pid = await leave(pool, 'hoard');
    expect(await pool.event('worker_ended')).toMatchObject({
      reason: 'memory',
      detail: { message: expect.stringMatching(/^The process held \d+ MB of 400 MB allowed\.$/) },
    });
    expect(lives(pid)).toBe(false);
  });

  test('is counted, and too many of them end the worker', async () => {
    const pool = poolWith({ processLimit: 10 });
    await finishRun(startRun(pool, 'leave many'));
    expect(await pool.event('worker_ended')).toMatchObject({
      reason: 'processes',
      detail: {
        message: expect.stringMatching(/^The process grew to \d+ processes of 10 allowed\.$/),
      },
    });
  });
});

function poolWith(...options: Parameters<typeof scriptedPool>): ScriptedPool {
  const pool = scriptedPool(...options);
  onTestFinished(() => pool.dispose());
  return pool;
}

/** Has the worker start something; without its environment that is known once it was seen. */
async function leave(pool: ScriptedPool, way: string): Promise<number> {
  const { text } = await finishRun(startRun(pool, `leave ${way}`, { runId: 'leaving' }));
  const pid = Number(text);
  onTestFinished(() => kill(pid));
  const state = join(pool.folder, '.dropgate');
  if (way === 'bare') await expect.poll(() => recorded(join(state, '..'))).toContain(pid);
  return pid;
}

/** Processes outside the sessions of workers, as written down for a later start. */
function recorded(folder: string): number[] {
  const workers = join(folder, '.dropgate/workers');
  return readdirSync(workers).flatMap((name) => {
    const record: { workers: { outside: { pid: number }[] }[] } = JSON.parse(
      readFileSync(join(workers, name), 'utf8'),
    );
    return record.workers.flatMap(({ outside }) => outside.map(({ pid }) => pid));
  });
}

/** Nobody may have collected one that ended. */
function lives(pid: number): boolean {
  return isAlive(pid) && processStat(pid) !== null;
}

function kill(pid: number): void {
  if (lives(pid)) process.kill(pid, 'SIGKILL');
}
