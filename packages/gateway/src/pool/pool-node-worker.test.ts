import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { builtWorker } from '../../test/support/built-gateway.ts';
import { shareCompileCache } from '../../test/support/compile-cache.ts';
import {
  finishRun,
  scriptedLoad,
  scriptedPool,
  startRun,
} from '../../test/support/scripted-pool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import type { ModuleLoad } from '../protocol/records.ts';

const entry = builtWorker();
const never = new AbortController().signal;

test('a module is loaded in the spare, runs and is replaced by its next generation', async () => {
  const { pool, load } = await poolFor(
    `
    export const agent = {
      async *run({ messages }) {
        console.log('asked');
        yield 'You said: ';
        yield messages.at(-1).content;
      },
    };
  `,
    { spares: 1 },
  );
  await pool.start();
  const prepared = await pool.prepare(load, never);
  expect(prepared).toMatchObject({ type: 'loaded', manifest: { kind: 'runnable' } });
  const run = await finishRun(startRun(pool, 'hello', { load }));
  expect([run.text, run.last.type]).toEqual(['You said: hello', 'finished']);
  expect(await pool.event('worker_output')).toMatchObject({ stream: 'stdout', line: 'asked' });

  await pool.prepare({ ...load, generation: 2 }, never);
  await pool.retire(load.agentId, 1);
  expect(pool.workers().filter(({ agentId }) => agentId !== null)).toMatchObject([
    { agentId: 'default/echo', generation: 2, state: 'ready' },
  ]);
});

test.each([
  ['process.exit(3);', 'process_exit'],
  [
    "import 'node:fs';\ntype A = 1;\nfunction spin() {\n  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);\n}\nspin();",
    'load_timeout',
  ],
  ['const all = []; for (;;) all.push(new Array(1e4).fill({}));', 'out_of_memory'],
])('a module that does %s is told as %s', async (source, code) => {
  const text = `${source}\nexport const agent = { run: () => 'x' };`;
  const { pool, load } = await poolFor(
    text,
    code === 'load_timeout' ? { loadTimeoutMs: 1000 } : {},
  );
  const result = await pool.prepare(load, never);
  const line = { process_exit: 1, load_timeout: 4 }[code];
  const place = line === undefined ? {} : { file: load.entry, line };
  const findings = [{ stage: 'load', code, ...place }];
  expect(result).toMatchObject({ type: 'load_failed', findings });
  await expect.poll(() => pool.workers()).toEqual([]);
});

test('a run that dies with its process says so, and the agent answers again', async () => {
  const { pool, load } = await poolFor(`
    export const agent = {
      run: ({ messages }) => (messages.at(-1).content === 'die' ? process.exit(9) : 'alive'),
    };
  `);
  await pool.prepare(load, never);
  const { last } = await finishRun(startRun(pool, 'die', { load }));
  const place = { file: load.entry, line: 3, stage: 'worker' };
  expect(last).toMatchObject({ code: 'worker_crashed', detail: place });
  expect(await pool.event('worker_ended')).toMatchObject({
    reason: 'exited',
    exitCode: 9,
    detail: { message: 'The process ended itself with exit code 9.', ...place },
  });
  await expect
    .poll(async () => (await finishRun(startRun(pool, 'hello', { load }))).text)
    .toBe('alive');
});

/** A pool of real workers and a load of the module with this text. */
async function poolFor(text: string, settings: Parameters<typeof scriptedPool>[0] = {}) {
  const folder = await tempFolder({ 'src/agents/Echo/agent.ts': text });
  shareCompileCache(folder);
  const pool = scriptedPool({ memoryLimitMb: 300, ...settings }, { folder, entry });
  onTestFinished(pool.dispose);
  const load: ModuleLoad = scriptedLoad('', {
    entry: join(folder, 'src/agents/Echo/agent.ts'),
    folder: join(folder, 'src/agents/Echo'),
    keptFolder: join(folder, '.dropgate/generations'),
    exportNames: ['agent'],
    env: {},
    upstreams: { scripted: 'chat_completions' },
  });
  return { pool, load };
}
