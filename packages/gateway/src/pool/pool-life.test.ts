import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import {
  finishRun,
  isAlive,
  type ScriptedPool,
  scriptedLoad,
  scriptedPool,
  startRun,
} from '../../test/support/scripted-pool.ts';

const never = new AbortController().signal;
const pools: ScriptedPool[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.dispose()));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function poolWith(...options: Parameters<typeof scriptedPool>): ScriptedPool {
  const pool = scriptedPool(...options);
  pools.push(pool);
  return pool;
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'dropgate-pool-'));
  folders.push(folder);
  return folder;
}

describe('retiring a generation', () => {
  test('lets its runs end while the next generation already serves', async () => {
    const pool = poolWith();
    const next = scriptedLoad('ok', { generation: 2 });
    await pool.prepare(scriptedLoad(), never);
    const old = startRun(pool, 'echo 600', { runId: 'old' })[Symbol.asyncIterator]();
    await old.next();
    await pool.prepare(next, never);
    const retired = pool.retire('default/echo', 1);
    expect(pool.workers().map(({ state }) => state)).toEqual(['draining', 'ready']);
    expect((await finishRun(startRun(pool, 'echo 1', { load: next, runId: 'new' }))).text).toBe(
      '0 ',
    );
    let count = 1;
    for (let step = await old.next(); !step.done; step = await old.next()) count += 1;
    expect(count).toBe(601);
    await retired;
    expect(pool.workers()).toMatchObject([{ generation: 2 }]);
    expect(await pool.event('worker_ended')).toMatchObject({ generation: 1, reason: 'retired' });
  });

  test('cuts off runs that do not end in time', async () => {
    const pool = poolWith({ drainTimeoutMs: 50 });
    const events = startRun(pool, 'wait')[Symbol.asyncIterator]();
    await events.next();
    await pool.retire('default/echo', 1);
    expect((await events.next()).value).toMatchObject({ type: 'failed', code: 'run_failed' });
    expect(pool.workers()).toEqual([]);
  });

  test('refuses runs that come late', async () => {
    const pool = poolWith();
    await pool.prepare(scriptedLoad(), never);
    await pool.retire('default/echo', 1);
    const { last } = await finishRun(startRun(pool, 'echo 1'));
    expect(last).toMatchObject({ code: 'agent_unavailable', retryAfterSeconds: 1 });
    expect(pool.workers()).toEqual([]);
  });

  test('can be followed by preparing the same generation again', async () => {
    const pool = poolWith();
    await pool.retire('default/echo', 1);
    await pool.prepare(scriptedLoad(), never);
    expect((await finishRun(startRun(pool, 'echo 1'))).text).toBe('0 ');
  });

  test('kills a worker that ignores every request to end', async () => {
    const pool = poolWith();
    const pid = Number((await finishRun(startRun(pool, 'stubborn'))).text);
    await pool.retire('default/echo', 1);
    expect(isAlive(pid)).toBe(false);
    expect(await pool.event('worker_ended')).toMatchObject({ signal: 'SIGKILL', detail: null });
  });
});

describe('closing the pool', () => {
  test('waits for runs, refuses new ones and leaves nothing running', async () => {
    const pool = poolWith({ spares: 1 });
    await pool.start();
    await pool.prepare(scriptedLoad(), never);
    const pids = pool.workers().map(({ pid }) => pid);
    const run = startRun(pool, 'echo 600')[Symbol.asyncIterator]();
    await run.next();
    const closed = pool.close(60_000);
    const late = await finishRun(startRun(pool, 'echo 1', { runId: 'late' }));
    expect(late.last).toMatchObject({ code: 'agent_unavailable' });
    let count = 1;
    for (let step = await run.next(); !step.done; step = await run.next()) count += 1;
    expect(count).toBe(601);
    await closed;
    expect(pids.map(isAlive)).toEqual([false, false]);
    expect(pool.workers()).toEqual([]);
  });

  test('at its deadline cuts off what still runs', async () => {
    const pool = poolWith();
    const events = startRun(pool, 'deaf')[Symbol.asyncIterator]();
    await events.next();
    await pool.close(10);
    expect((await events.next()).value).toMatchObject({
      code: 'run_failed',
      message: 'The run was stopped because the gateway is shutting down.',
    });
  });

  test('stops a load that is under way', async () => {
    const pool = poolWith();
    const prepared = pool.prepare(scriptedLoad('hang'), never);
    await pool.event('worker_started');
    await pool.close(0);
    expect(await prepared).toMatchObject({ findings: [{ code: 'load_cancelled' }] });
    expect(pool.workers()).toEqual([]);
  });

  test('of one pool leaves another in the same process alone', async () => {
    const [first, second] = [poolWith(), poolWith()];
    await first.prepare(scriptedLoad(), never);
    await second.prepare(scriptedLoad(), never);
    await first.close(0);
    expect((await finishRun(startRun(second, 'echo 1'))).text).toBe('0 ');
  });
});

describe('workers of a gateway that was killed', () => {
  test('are ended by the next start, even when they hang', async () => {
    const folder = temporaryFolder();
    const host = spawn(process.execPath, [fixture('pool-host.ts'), folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [said] = (await once(host.stdout, 'data')) as [Buffer];
    const orphan = Number(said.toString());
    host.kill('SIGKILL');
    await once(host, 'exit');
    expect(isAlive(orphan)).toBe(true);
    await poolWith({}, { folder }).start();
    while (isAlive(orphan)) await delay(10);
    expect(readdirSync(join(folder, '.dropgate', 'workers'))).toEqual([]);
  });

  test('are left alone while their gateway lives', async () => {
    const folder = temporaryFolder();
    const first = poolWith({}, { folder });
    await first.prepare(scriptedLoad(), never);
    await poolWith({}, { folder }).start();
    expect((await finishRun(startRun(first, 'echo 1'))).text).toBe('0 ');
  });

  test('are not mixed up with a stranger that got the same pid', async () => {
    const folder = temporaryFolder();
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const first = poolWith({}, { folder });
    await first.prepare(scriptedLoad(), never);
    const record = {
      gateway: { pid: 999_999_999, identity: 'gone' },
      workers: [{ pid: stranger.pid, identity: 'another boot:1' }],
    };
    writeFileSync(join(folder, '.dropgate', 'workers', 'old.json'), JSON.stringify(record));
    await poolWith({}, { folder }).start();
    expect(isAlive(stranger.pid ?? 0)).toBe(true);
    stranger.kill();
  });
});

function fixture(name: string): string {
  return join(import.meta.dirname, '../../test/fixtures', name);
}
