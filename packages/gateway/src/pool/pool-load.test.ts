import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { until } from '../../test/acceptance/until.ts';
import { pythonInPath } from '../../test/support/python-in-path.ts';
import { missingPython } from '../../test/support/python-with-sdk.ts';
import {
  finishRun,
  type ScriptedPool,
  scriptedLoad,
  scriptedPool,
  startRun,
} from '../../test/support/scripted-pool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';

const missing = await missingPython();
const python = {
  language: 'python',
  interpreter: missing ? 'none' : pythonInPath(),
} as const;
const never = new AbortController().signal;
const pools: ScriptedPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.dispose()));
});

function poolWith(...options: Parameters<typeof scriptedPool>): ScriptedPool {
  const pool = scriptedPool(...options);
  pools.push(pool);
  return pool;
}

describe('preparing a generation', () => {
  test('gives its manifest and keeps the worker for its first run', async () => {
    const pool = poolWith();
    const result = await pool.prepare(scriptedLoad(), never);
    expect(result).toMatchObject({ type: 'loaded', manifest: { exportName: 'agent' } });
    const [worker] = pool.workers();
    expect(worker).toMatchObject({
      agentId: 'default/echo',
      generation: 1,
      state: 'ready',
      activeRuns: 0,
    });
    const { text } = await finishRun(startRun(pool, 'pid'));
    expect(text).toBe(String(worker?.pid));
  });

  test('takes the spare and makes another', async () => {
    const pool = poolWith({ spares: 1 });
    await pool.start();
    const [spare] = pool.workers();
    expect(spare).toMatchObject({ state: 'spare', agentId: null });
    await pool.prepare(scriptedLoad(), never);
    const states = pool.workers().map(({ pid, state }) => ({ same: pid === spare?.pid, state }));
    expect(states).toEqual([
      { same: true, state: 'ready' },
      { same: false, state: 'spare' },
    ]);
  });

  test('makes a new process for what a spare cannot take any more', async () => {
    const pool = poolWith({ spares: 1 });
    await pool.start();
    const [spare] = pool.workers();
    const env = { NODE_OPTIONS: '--max-old-space-size=99 --max_semi_space_size=4' };
    const load = scriptedLoad('ok', { env });
    await pool.prepare(load, never);
    expect(pool.workers()).toMatchObject([
      { pid: spare?.pid, state: 'spare' },
      { agentId: 'default/echo', state: 'ready' },
    ]);
    const { text } = await finishRun(startRun(pool, 'argv', { load }));
    expect(JSON.parse(text).flags).toEqual(['--no-parallel-scavenge', '--disable-sigusr1']);
  });

  test('keeps its worker within the cap', async () => {
    const pool = poolWith({ maxWorkers: 1 });
    const first = await pool.prepare(scriptedLoad('ok', { agentId: 'a' }), never);
    const second = await pool.prepare(scriptedLoad('ok', { agentId: 'b' }), never);
    expect([first.type, second.type]).toEqual(['loaded', 'loaded']);
    expect(await pool.event('worker_ended')).toMatchObject({ agentId: 'a', reason: 'evicted' });
  });

  test('rejects with the reason of its signal and leaves no process', async () => {
    const pool = poolWith();
    const abort = new AbortController();
    const prepared = pool.prepare(scriptedLoad('wait'), abort.signal);
    await pool.event('worker_started');
    abort.abort(new Error('not wanted any more'));
    await expect(prepared).rejects.toThrow('not wanted any more');
    expect(pool.workers()).toEqual([]);
  });

  test('of slow modules delays a quick one only for a while', async () => {
    const pool = poolWith();
    const abort = new AbortController();
    const slow = ['a', 'b', 'c'].map((agentId) =>
      pool.prepare(scriptedLoad('wait', { agentId }), abort.signal).catch(() => 'stopped'),
    );
    const quick = await pool.prepare(scriptedLoad('ok', { agentId: 'quick' }), never);
    expect(quick.type).toBe('loaded');
    abort.abort();
    expect(await Promise.all(slow)).toEqual(['stopped', 'stopped', 'stopped']);
  });
});

describe('a module that cannot be loaded', () => {
  test('is answered with what its worker found and leaves no process', async () => {
    const pool = poolWith();
    expect(await pool.prepare(scriptedLoad('fail'), never)).toEqual({
      type: 'load_failed',
      findings: [{ stage: 'load', code: 'syntax_error', severity: 'error', message: 'Bad.' }],
      files: ['/somewhere/agent.ts'],
    });
    expect(await pool.event('worker_ended')).toMatchObject({ reason: 'retired', detail: null });
    expect(pool.accessLog).toEqual(['grant default/echo', 'revoke']);
  });

  test.each([
    ['never ends', 'hang', 'load_timeout', 'within 1000 ms'],
    ['waits for ever', 'wait', 'load_timeout', 'within 1000 ms'],
    ['ends its process', 'exit 3', 'process_exit', 'exit code 3'],
    ['ends its process without an error', 'exit 0', 'process_exit', 'exit code 0'],
    ['crashes', 'abort', 'worker_crashed', 'SIGABRT'],
    ['writes into the channel', 'garbage', 'protocol_violated', 'A line is no JSON object'],
  ])('since it %s is told so', async (_name, command, code, words) => {
    // The others have all the time there is; a load is no stall.
    const limits = code === 'load_timeout' ? { loadTimeoutMs: 1000, stallTimeoutMs: 200 } : {};
    const pool = poolWith(limits);
    const result = await pool.prepare(scriptedLoad(command), never);
    expect(result).toMatchObject({
      type: 'load_failed',
      findings: [
        {
          stage: 'load',
          code,
          severity: 'error',
          message: expect.stringContaining(words),
          file: '/project/src/agents/Echo/agent.ts',
          hint: expect.any(String),
        },
      ],
      files: [],
    });
    expect(pool.workers()).toEqual([]);
  });

  test.each([
    ['names more than is kept of one', 'exports 200000'],
    ['has a tool nested too deeply', 'deep'],
  ])('since it %s is told so, and its worker ends', async (_what, command) => {
    const pool = poolWith();
    expect(await pool.prepare(scriptedLoad(command), never)).toMatchObject({
      type: 'load_failed',
      findings: [{ code: 'manifest_too_large', message: expect.stringContaining('2 MiB') }],
    });
    expect(await pool.event('worker_ended')).toMatchObject({ reason: 'retired' });
  });

  test.each([['heap'], ['buffers']])(
    'since it allocates %s without end is told so',
    async (kind) => {
      const pool = poolWith({ memoryLimitMb: 192 });
      const result = await pool.prepare(scriptedLoad(kind), never);
      expect(result).toMatchObject({
        findings: [{ code: 'out_of_memory', message: expect.stringContaining('192 MB') }],
      });
      expect(await pool.event('worker_ended')).toMatchObject({
        reason: 'load_failed',
        detail: { stage: 'worker', message: expect.stringMatching(/memory|MB/) },
      });
    },
  );

  test('shows the last words of its process', async () => {
    const pool = poolWith();
    expect(await pool.prepare(scriptedLoad('exit 1'), never)).toMatchObject({
      findings: [{ code: 'process_exit', frame: 'last words' }],
    });
  });

  test.skipIf(missing)(
    'in Python runs on the interpreter it names, with the gateway’s packages first',
    async () => {
      const pool = poolWith();
      const real = scriptedLoad('ok', { ...python, env: {} });
      expect(await pool.prepare(real, never)).toMatchObject({
        manifest: { runtime: { name: 'python' } },
      });
      const { text } = await finishRun(startRun(pool, '', { load: real }));
      expect(JSON.parse(text)).toEqual({
        PYTHONPATH: expect.stringContaining('python-worker'),
        PYTHONUNBUFFERED: '1',
        NODE_COMPILE_CACHE: null,
      });
    },
  );

  test.skipIf(missing)(
    'in Python leaves a spare behind, but not of an environment of the module’s own',
    async () => {
      const pool = poolWith({ spares: 1 });
      const load = scriptedLoad('ok', { ...python, env: {} });
      const own = { ...load, folder: dirname(python.interpreter), agentId: 'default/own' };
      const spares = () => pool.workers().filter(({ state }) => state === 'spare').length;
      await pool.prepare(own, never);
      expect(spares()).toBe(0);
      await pool.prepare(load, never);
      expect(spares()).toBe(1);
    },
  );

  test('in a language without a runtime is told so', async () => {
    const pool = poolWith();
    expect(await pool.prepare(scriptedLoad('ok', { language: 'python' }), never)).toMatchObject({
      findings: [{ code: 'runtime_unavailable' }],
    });
  });

  test('makes the run that needed it fail with the cause for the log alone', async () => {
    const pool = poolWith();
    const { last } = await finishRun(startRun(pool, 'echo 1', { load: scriptedLoad('fail') }));
    expect(last).toMatchObject({
      code: 'agent_unavailable',
      message: 'The agent could not be started.',
      detail: { class: 'syntax_error', message: 'Bad.' },
    });
  });
});

describe('a worker program that is broken', () => {
  test.each([
    ['ends at once', 'crash', 'The process ended itself with exit code 7.'],
    ['speaks another version', 'version', 'The process speaks version 99, not 3.'],
  ])('since it %s is told as a crash of the load', async (_name, onStart, words) => {
    const pool = poolWith({ env: ['ON_START'] }, { hostEnv: { ON_START: onStart } });
    expect(await pool.prepare(scriptedLoad(), never)).toMatchObject({
      findings: [{ message: expect.stringContaining(words) }],
    });
  });

  test('is not started again and again as a spare', async () => {
    const hostEnv = { ON_START: 'crash' };
    const pool = poolWith({ env: ['ON_START'], spares: 2 }, { hostEnv });
    await pool.start();
    await pool.event('worker_ended');
    const firstEndedMs = performance.now();
    await pool.event('worker_ended', () => endedCount(pool) === 6);
    // Two at once, two after a second, two after two more.
    expect(performance.now() - firstEndedMs).toBeGreaterThan(2500);
  });

  test('as a spare is no fault of the module', async () => {
    const mark = join(await tempFolder(), 'begun');
    const hostEnv = { ON_START: `mute first ${mark}` };
    const pool = poolWith({ env: ['ON_START'], spares: 1 }, { hostEnv });
    await pool.start();
    const [spare] = pool.workers();
    const prepared = pool.prepare(scriptedLoad(), never);
    await until('the spare', () => existsSync(mark));
    process.kill(spare?.pid ?? 0, 'SIGKILL');
    expect((await prepared).type).toBe('loaded');
  });
});

describe('the environment of a worker', () => {
  test("holds what is listed, the module's own and the broker, and nothing else", async () => {
    const hostEnv = {
      HOME: '/home/someone',
      LC_ALL: 'C',
      OPENAI_API_KEY: 'sk-real',
      OPENAI_BASE_URL: 'https://api.example.com',
      GATEWAY_STORE_URL: 'postgres://secret',
      DATABASE_PASSWORD: 'secret',
      SERPER_KEY: 'for workers',
    };
    const env = { CITY: 'Paris', OPENAI_API_KEY: 'sk-from-the-module' };
    const pool = poolWith({ env: ['SERPER_KEY', 'OPENAI_API_KEY'] }, { hostEnv });
    const load = scriptedLoad('ok', { env });
    const { text } = await finishRun(startRun(pool, 'env', { load }));
    const seen = JSON.parse(text);
    expect(Object.keys(seen).toSorted()).toEqual([
      'CITY',
      'DROPGATE_WORKER',
      'HOME',
      'LC_ALL',
      'NODE_COMPILE_CACHE',
      'OPENAI_API_KEY',
      'OPENAI_BASE_URL',
      'PATH',
      'SERPER_KEY',
    ]);
    expect(seen).toMatchObject({
      CITY: 'Paris',
      OPENAI_API_KEY: 'worker-token',
      OPENAI_BASE_URL: 'http://127.0.0.1:1/v1',
      SERPER_KEY: 'for workers',
    });
    expect(text).not.toContain('sk-');
  });

  test('is the project root as its folder and a heap below its memory', async () => {
    const pool = poolWith({ memoryLimitMb: 400 });
    const { text } = await finishRun(startRun(pool, 'argv'));
    expect(JSON.parse(text)).toEqual({
      flags: [
        '--max-old-space-size=300',
        '--max-semi-space-size=8',
        '--min-semi-space-size=4',
        '--no-parallel-scavenge',
        '--disable-sigusr1',
      ],
      cwd: pool.folder,
    });
  });
});

function endedCount(pool: ScriptedPool): number {
  return pool.emitted.filter(({ type }) => type === 'worker_ended').length;
}
