import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { missingPython } from '../support/python-with-sdk.ts';
import { loadedWorker, spawnPythonWorker } from '../support/python-worker.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { runInput } from '../support/worker-run.ts';

const missing = await missingPython();

const talker = `
import asyncio, os, sys, time

class Talker:
    async def run(self, messages, context, request):
        said = messages[-1]["content"]
        if said == "flood":
            for number in range(100):
                yield f"{number} "
                await asyncio.sleep(0)
        elif said == "hang":
            yield "..."
            await asyncio.sleep(3600)
        elif said == "fork":
            child = os.fork()
            if child:
                os.waitpid(child, 0)
            yield "child" if child == 0 else "parent"
        elif said == "exit":
            sys.exit(4)
        elif said.startswith("leave"):
            leave() if said == "leave" else await asyncio.to_thread(leave)
        elif said == "raise":
            raise KeyError(said)
        elif said.startswith("/"):
            yield "..."
            await asyncio.to_thread(wait_for, said)
        elif said == "long":
            yield "".join(str(number % 10) for number in range(600_000))
        else:
            print("log line")
            yield f"{context['key']['name']}: {said} ({request['model']})"

agent = Talker()

def leave():
    os._exit(5)

def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.02)
`;

describe.skipIf(missing)(`a Python worker (${missing ?? 'runs'})`, () => {
  test('says hello, answers pings before and after it has a module, and ends when told', async () => {
    const worker = await spawnPythonWorker(await tempFolder());
    expect(await worker.next('hello')).toMatchObject({
      version: 3,
      pid: worker.pid,
      runtime: { name: 'python', version: expect.stringMatching(/^3\.\d+/) },
    });
    worker.send({ type: 'ping', sequence: 7 });
    expect(await worker.next('pong')).toMatchObject({ sequence: 7 });
    worker.run('hello');
    expect((await worker.next('event')).event).toMatchObject({ code: 'agent_unavailable' });
    worker.send({ type: 'shutdown' });
    expect(await worker.ended).toMatchObject({ code: 0 });
  });

  test('ends with all its children when the gateway is gone', async () => {
    const { worker } = await loadedWorker({
      'agent.py': 'import subprocess\nsubprocess.Popen(["sleep", "600"])\ndef run(): return "x"\n',
    });
    worker.hangUp();
    expect(await worker.ended).toMatchObject({ signal: 'SIGKILL' });
  });

  test('sends no more than the credit allows and merges what waits', async () => {
    const { worker } = await loadedWorker({ 'agent.py': talker });
    worker.run('flood', { credits: 2 });
    const first = (await worker.next('event')).event;
    const second = (await worker.next('event')).event;
    worker.send({ type: 'ping', sequence: 1 });
    await worker.next('pong');
    const isEvent = ({ type }: { type: string }) => type === 'event';
    expect(worker.heard.filter(isEvent)).toHaveLength(2);
    worker.send({ type: 'credit', runId: 'run_1', events: 200 });
    const deltas = [first, second];
    while (deltas.at(-1)?.type !== 'finished') deltas.push((await worker.next('event')).event);
    const text = deltas.map((event) => (event.type === 'text' ? event.delta : '')).join('');
    expect(text).toBe(Array.from({ length: 100 }, (_none, number) => `${number} `).join(''));
    const long = (await worker.eventsOf('long', { runId: 'run_2' })).flatMap((event) =>
      event.type === 'text' ? [event.delta] : [],
    );
    expect(long.map(({ length }) => length)).toEqual([262_144, 262_144, 75_712]);
    expect(long.join('')).toBe('0123456789'.repeat(60_000));
  });

  test('ends a cancelled run at once, tells when its thread is over too, and goes on with others; print is the log', async () => {
    const { worker } = await loadedWorker({ 'agent.py': talker });
    worker.run('hang');
    expect((await worker.next('event')).event).toEqual({ type: 'text', delta: '...' });
    worker.send({ type: 'cancel', runId: 'run_1', reason: 'The caller left.' });
    expect((await worker.next('event')).event).toMatchObject({
      type: 'failed',
      code: 'run_cancelled',
    });
    expect(await worker.next('run_over')).toMatchObject({ runId: 'run_1' });
    const gate = join(await tempFolder(), 'gate');
    worker.run(gate, { runId: 'run_3' });
    await worker.next('event');
    worker.send({ type: 'cancel', runId: 'run_3', reason: 'The caller left.' });
    expect((await worker.next('event')).event).toMatchObject({ code: 'run_cancelled' });
    worker.send({ type: 'ping', sequence: 1 });
    await worker.next('pong');
    expect(worker.heard.filter(({ type }) => type === 'run_over')).toHaveLength(1);
    await writeFile(gate, '');
    expect(await worker.next('run_over')).toMatchObject({ runId: 'run_3' });
    const input = runInput({ items: [{ role: 'user', parts: [{ type: 'text', text: 'Hi' }] }] });
    expect(await worker.eventsOf('Hi', { runId: 'run_2', input })).toMatchObject([
      { type: 'text', delta: 'alice: Hi (default/sample)' },
      { type: 'finished' },
    ]);
    expect(await worker.eventsOf('raise')).toMatchObject([
      {
        type: 'failed',
        code: 'run_failed',
        message: 'The agent failed while it ran; the cause is in the log of the gateway.',
        detail: { class: 'KeyError', message: "'raise'", line: 24, stage: 'run' },
      },
    ]);
    worker.send({ type: 'shutdown' });
    expect((await worker.ended).output).toContain('log line');
  });

  test('a fork in the module says nothing to the gateway', async () => {
    const { worker } = await loadedWorker({ 'agent.py': talker });
    expect(await worker.eventsOf('fork')).toMatchObject([
      { type: 'text', delta: 'parent' },
      { type: 'finished' },
    ]);
    worker.send({ type: 'ping', sequence: 9 });
    expect(await worker.next('pong')).toMatchObject({ sequence: 9 });
  });

  test.each([
    ['sys.exit', 'exit', 20, 4],
    ['os._exit', 'leave', 37, 5],
    ['os._exit in a thread', 'leave by thread', 37, 5],
  ])('says why it ends when the module calls %s in a run', async (...args) => {
    const [, text, line, code] = args;
    const { worker } = await loadedWorker({ 'agent.py': talker });
    worker.run(text);
    const message = `The process ended itself with exit code ${code}.`;
    expect(await worker.next('fault')).toMatchObject({
      cause: 'exit',
      detail: { class: 'SystemExit', message, line, stage: 'worker' },
    });
    expect(await worker.ended).toMatchObject({ code });
  });
});
