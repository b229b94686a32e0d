import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { patienceMs } from '../../../test/support/hang-limit.ts';
import { isAlive } from '../../../test/support/scripted-pool.ts';
import type { WorkerProcessOptions } from './worker-options.ts';
import { WorkerProcess } from './worker-process.ts';

const scriptedWorker = fileURLToPath(
  new URL('../../../test/fixtures/scripted-worker.ts', import.meta.url),
);

test('is ready once it said hello, and tells its memory', async () => {
  const worker = start();
  expect(await worker.ready).toBe(true);
  expect(worker.isOpen).toBe(true);
  await expect.poll(() => worker.vitals.rssMb).toBeGreaterThan(20);
  await expect.poll(() => worker.vitals.lagMs).toBeGreaterThan(0);
});

test('ends when asked to and is closed from that moment on', async () => {
  const worker = start();
  await worker.ready;
  const ended = worker.end('evicted');
  expect(worker.isOpen).toBe(false);
  expect(await ended).toEqual({ reason: 'evicted', exitCode: 0, signal: null, detail: null });
  expect(isAlive(worker.pid)).toBe(false);
});

test('keeps its first reason to end', async () => {
  const worker = start();
  await worker.ready;
  void worker.end('retired');
  expect(await worker.kill('stalled', 'too late')).toMatchObject({
    reason: 'retired',
    detail: null,
  });
});

test('is never ready where its program cannot be started', async () => {
  const worker = start({ command: '/nowhere/at-all' });
  expect(await worker.ready).toBe(false);
  expect(worker.pid).toBe(0);
  expect(await worker.ended).toMatchObject({
    reason: 'crashed',
    detail: { message: expect.stringContaining('No process could be started') },
  });
});

test('is ended when it speaks of a run before anyone asked it to', async () => {
  const worker = start({ args: ['-e', greetAndSay({ type: 'loaded', manifest: {} })] });
  expect(await worker.ended).toMatchObject({ reason: 'protocol' });
});

test('is ended when it closes its channel and stays', async () => {
  const script = "require('node:fs').closeSync(3); setInterval(() => {}, 1000);";
  const worker = start({ args: ['-e', script] });
  expect(await worker.ended).toMatchObject({ reason: 'crashed', signal: 'SIGKILL' });
});

describe('a model call', () => {
  const call = { type: 'model_call', callId: '1', runId: null, method: 'POST', path: '/v1/x' };
  const sent = { ...call, headers: {} };

  test('of a process that was given no models is a breach', async () => {
    const worker = start({ args: ['-e', greetAndSay(sent)] });
    expect(await worker.ended).toMatchObject({ reason: 'protocol' });
  });

  test.each([
    ['whose process ends within its body', { ...sent, bytes: 100 }, 'half a body', 'exited'],
    ['with more bytes than it says', { ...sent, bytes: 2 }, 'half a body\n', 'protocol'],
    ['with bytes that are no number', { ...sent, bytes: -1 }, '', 'protocol'],
    ['with more bytes than may come', { ...sent, bytes: 9_000_000 }, '', 'protocol'],
  ])('%s is the end of it', async (_what, message, rest, reason) => {
    const heard: (string | undefined)[] = [];
    const worker = start({ args: ['-e', `${greetAndSay(message, rest)}; socket.end();`] });
    worker.answerModels(() => (_message, bytes) => heard.push(bytes?.toString()));
    expect(await worker.ended).toMatchObject({ reason });
    expect(heard).toEqual(message.bytes === 2 ? ['ha'] : []);
  });
});

test('passes over what a later version may say', async () => {
  const worker = start({ args: ['-e', greetAndSay({ type: 'session_get' })] });
  expect(await worker.ready).toBe(true);
  expect(await worker.end('shutdown')).toMatchObject({ reason: 'shutdown' });
});

function start(options: Partial<WorkerProcessOptions> = {}): WorkerProcess {
  const worker = new WorkerProcess({
    command: process.execPath,
    args: [scriptedWorker],
    cwd: import.meta.dirname,
    env: { PATH: process.env.PATH ?? '' },
    user: null,
    stallTimeoutMs: patienceMs,
    memoryLimitMb: 512,
    processLimit: 16,
    onOutput: () => {},
    ...options,
  });
  onTestFinished(async () => {
    await worker.kill('shutdown', '');
  });
  return worker;
}

/** A program that says hello and then one thing more, with some bytes after it. */
function greetAndSay(message: object, rest = ''): string {
  const hello = {
    type: 'hello',
    version: 3,
    pid: 1,
    runtime: { name: 'node', version: process.versions.node },
  };
  return `
    const socket = new (require('node:net').Socket)({ fd: 3 });
    socket.resume();
    for (const message of ${JSON.stringify([hello, message])}) socket.write(JSON.stringify(message) + '\\n');
    socket.write(${JSON.stringify(rest)});
  `;
}
