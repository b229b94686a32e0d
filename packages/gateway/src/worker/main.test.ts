import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type NodeWorker, startNodeWorker, writeModule } from '../../test/support/node-worker.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { runInput } from '../../test/support/worker-run.ts';
import { isLastEvent, type RunEvent } from '../protocol/run.ts';
import type { ToWorker } from '../protocol/worker/messages.ts';

/** A module that streams its answer by what it is asked. */
const talker = {
  'agent.ts': `
    import { spawn } from 'node:child_process'; import { exit } from 'node:process';
    async function* many(): AsyncGenerator<string> {
      for (let n = 0; n < 1000; n += 1) {
        yield String(n % 10);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    async function* untilAborted(signal: AbortSignal): AsyncGenerator<string> {
      yield 'waiting';
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      console.log('aborted: ' + signal.reason.message);
    }
    export const agent = {
      run({ messages, signal }: { messages: { content: string }[]; signal: AbortSignal }) {
        const asked = messages.at(-1)?.content;
        if (asked === 'many') return many();
        if (asked === 'wait') return untilAborted(signal);
        if (asked === 'reject') void Promise.reject(new TypeError('nobody waits'));
        if (asked === 'throw later') setTimeout(() => { throw new Error('in a timer'); });
        if (asked === 'exit') void Promise.resolve().then(() => leave(4));
        if (asked === 'exit by name') exit(5);
        if (asked === 'child') return String(spawn('sleep', ['60']).pid);
        if (asked === 'long') return 'é'.repeat(300_000);
        return 'Hello.';
      },
    };
    function leave(code: number) {
      process.exit(code);
    }`,
};

describe('a worker', () => {
  test('says hello at once and what it is', async () => {
    const worker = await startNodeWorker(await tempFolder());
    expect(await worker.next('hello')).toEqual({
      type: 'hello',
      version: 3,
      pid: worker.process.pid,
      runtime: { name: 'node', version: process.versions.node },
    });
  });

  test('answers a ping with its memory, before and after it has a module', async () => {
    const worker = await startNodeWorker(await tempFolder());
    worker.send({ type: 'ping', sequence: 1 });
    const pong = await worker.next('pong');
    expect(pong.sequence).toBe(1);
    expect(pong.rssMb).toBeGreaterThan(20);
    await worker.load(await writeModule(talker));
    worker.send({ type: 'ping', sequence: 2 });
    expect((await worker.next('pong')).sequence).toBe(2);
  });

  test('ignores messages it does not know and those that are reserved', async () => {
    const worker = await startNodeWorker(await tempFolder());
    for (const type of ['session_get', 'tools_changed', 'of_the_future']) {
      worker.send({ type } as unknown as ToWorker);
    }
    worker.send({ type: 'credit', runId: 'no such run', events: 1 });
    worker.send({ type: 'cancel', runId: 'no such run', reason: 'none' });
    worker.send({ type: 'reply', callId: 'no such call', result: true });
    worker.send({ type: 'ping', sequence: 7 });
    expect((await worker.next('pong')).sequence).toBe(7);
    expect(worker.heard.map(({ type }) => type)).toEqual(['hello', 'pong']);
  });

  test('refuses a load of another version of the protocol', async () => {
    const worker = await startNodeWorker(await tempFolder());
    worker.send({ type: 'load', version: 99, load: await writeModule(talker) });
    expect((await worker.next('load_failed')).findings).toMatchObject([
      { stage: 'worker', code: 'protocol_version', severity: 'error' },
    ]);
  });

  test('fails a run that comes before a module', async () => {
    const worker = await startNodeWorker(await tempFolder());
    worker.run('Hi');
    expect((await worker.next('event')).event).toMatchObject({
      type: 'failed',
      code: 'agent_unavailable',
    });
  });

  test('ends when it is told to', async () => {
    const worker = await startNodeWorker(await tempFolder());
    worker.send({ type: 'shutdown' });
    expect(await worker.ended).toMatchObject({ code: 0, signal: null });
  });

  test('is gone with its children when the gateway is', async () => {
    const worker = await loaded();
    worker.run('child');
    const events = await eventsOf(worker, 'run_1');
    const childPid = Number(textOf(events));
    expect(isAlive(childPid)).toBe(true);
    worker.hangUp();
    await worker.ended;
    await expect.poll(() => isAlive(childPid)).toBe(false);
  });
});

describe('a run in a worker', () => {
  test('ends in one final event', async () => {
    const worker = await loaded();
    worker.run('Hi');
    const events = await eventsOf(worker, 'run_1');
    expect(textOf(events)).toBe('Hello.');
    expect(events.at(-1)).toMatchObject({ type: 'finished', reason: 'stop' });
    expect(events.filter(({ type }) => type === 'finished')).toHaveLength(1);
  });

  test('sends no more events than it has credit for, and all of the text in the end', async () => {
    const worker = await loaded();
    worker.run('many', { credits: 3 });
    for (let taken = 0; taken < 3; taken += 1) await worker.next('event');
    worker.send({ type: 'ping', sequence: 1 });
    await worker.next('pong');
    expect(worker.heard.filter(({ type }) => type === 'event')).toHaveLength(3);
    worker.send({ type: 'credit', runId: 'run_1', events: 100_000 });
    await finalOf(worker, 'run_1');
    expect(textOf(heardOf(worker, 'run_1'))).toBe('0123456789'.repeat(100));
  });

  test('without credit holds up no other', async () => {
    const worker = await loaded();
    worker.run('many', { runId: 'slow', credits: 1 });
    await worker.next('event');
    worker.run('Hi', { runId: 'quick' });
    const events = await eventsOf(worker, 'quick');
    expect(textOf(events)).toBe('Hello.');
    expect(heardOf(worker, 'slow')).toHaveLength(1);
  });

  test('is aborted by a cancel, also while it waits for credit', async () => {
    const worker = await loaded();
    worker.run('wait', { runId: 'waiting' });
    worker.run('many', { runId: 'blocked', credits: 0 });
    expect((await worker.next('event')).event).toEqual({ type: 'text', delta: 'waiting' });
    worker.send({ type: 'cancel', runId: 'waiting', reason: 'The caller left.' });
    worker.send({ type: 'cancel', runId: 'blocked', reason: 'The caller left.' });
    const finals = [await finalOf(worker, 'waiting'), await finalOf(worker, 'blocked')];
    expect(finals).toMatchObject([
      { type: 'failed', code: 'run_cancelled' },
      { type: 'failed', code: 'run_cancelled' },
    ]);
    worker.send({ type: 'shutdown' });
    expect((await worker.ended).output).toContain('aborted: The caller left.');
  });

  test('sends long text in several events, the next one when the one before is credited', async () => {
    const worker = await loaded();
    worker.run('long');
    await worker.next('event');
    worker.send({ type: 'ping', sequence: 1 });
    await worker.next('pong');
    expect(heardOf(worker, 'run_1')).toHaveLength(1);
    worker.send({ type: 'credit', runId: 'run_1', events: 1 });
    const events = await eventsOf(worker, 'run_1');
    const texts = events.flatMap((event) => (event.type === 'text' ? [event.delta.length] : []));
    expect(texts).toEqual([262_144, 37_856]);
  });

  test('asks before a tool whose arguments decide, and does as it is told', async () => {
    const load = await writeModule({
      'agent.ts': `
        import { Agent, tool } from '@openai/agents';
        import { ScriptedModel, assistantMessage, functionCall } from '@openai/agents/testing';
        import { z } from 'zod';
        const erase = tool({
          name: 'erase',
          description: 'x',
          parameters: z.object({ file: z.string() }),
          execute: async ({ file }) => { console.log('erased ' + file); return 'done'; },
        });
        const turn = (call: string) => [functionCall('erase', { file: 'a.txt' }, { callId: call })];
        export const agent = new Agent({
          name: 'Eraser',
          instructions: 'x',
          model: new ScriptedModel([turn('c1'), [assistantMessage('first')], turn('c2'), [assistantMessage('second')]]),
          tools: [erase],
        });`,
    });
    const worker = await loaded(load);
    const verdicts = { otherwise: 'ask', tools: {} } as const;
    worker.run('Erase.', { runId: 'refused', verdicts });
    const question = await worker.next('question');
    expect(question).toMatchObject({
      runId: 'refused',
      question: { ask: 'authorize_tool', tool: 'erase', arguments: { file: 'a.txt' } },
    });
    worker.send({ type: 'refusal', callId: question.callId, message: 'No.' });
    expect(await eventsOf(worker, 'refused')).toContainEqual(
      expect.objectContaining({ type: 'tool_ended', outcome: 'denied' }),
    );
    worker.run('Erase.', { runId: 'allowed', verdicts });
    const { callId } = await worker.next('question');
    worker.send({ type: 'reply', callId, result: true });
    expect(await eventsOf(worker, 'allowed')).toContainEqual(
      expect.objectContaining({ type: 'tool_ended', outcome: 'ok' }),
    );
    worker.send({ type: 'shutdown' });
    expect((await worker.ended).output.match(/erased a\.txt/g)).toHaveLength(1);
  });

  test.each([
    ['agent.ts', `import { gatewayTool } from 'dropgate/agent';`, 'export const agent ='],
    ['agent.cjs', `const { gatewayTool } = require('dropgate/agent');`, 'module.exports ='],
  ])('asks the gateway to call a gateway tool (%s)', async (file, imports, exported) => {
    const sdk = file.endsWith('.ts')
      ? (names: string, from: string) => `import ${names} from '${from}';`
      : (names: string, from: string) => `const ${names} = require('${from}');`;
    const load = await writeModule({
      [file]: `
        ${sdk('{ Agent }', '@openai/agents')}
        ${sdk('{ ScriptedModel, assistantMessage, functionCall }', '@openai/agents/testing')}
        ${imports}
        const turn = [functionCall('fetch_doc', { url: 'a.md' }, { callId: 'c1' })];
        ${exported} new Agent({
          name: 'Reader',
          instructions: 'x',
          model: new ScriptedModel([turn, [assistantMessage('Read.')]]),
          tools: [gatewayTool('fetch_doc')],
        });`,
    });
    const worker = await loaded(load);
    worker.run('Read.');
    const { callId, question } = await worker.next('question');
    expect(question).toEqual({
      ask: 'call_tool',
      tool: 'fetch_doc',
      arguments: { url: 'a.md' },
      toolCallId: expect.any(String),
    });
    worker.send({ type: 'tool_result', callId }, Buffer.from('A '));
    worker.send({ type: 'tool_result', callId, outcome: 'ok' }, Buffer.from('page.'));
    expect(await eventsOf(worker, 'run_1')).toMatchObject([
      { type: 'tool_started', tool: 'fetch_doc', provenance: 'gateway' },
      { type: 'tool_ended', outcome: 'ok' },
      { type: 'text', delta: 'Read.' },
      { type: 'finished' },
    ]);
  });
});

test('an agent keeps the tools that it is given in a run with settings of its caller', async () => {
  const load = await writeModule({
    'agent.ts': `
      import { Agent } from '@openai/agents';
      import { ScriptedModel, assistantMessage, functionCall } from '@openai/agents/testing';
      const turn = [functionCall('fetch_doc', { url: 'a.md' }, { callId: 'c1' })];
      const model = new ScriptedModel([turn, [assistantMessage('Read.')]]);
      export const agent = new Agent({ name: 'Reader', instructions: 'x', model });
      export const __gateway__ = { tools: ['fetch_doc'] };`,
  });
  const worker = await loaded(load);
  worker.run('Read.', { input: runInput({ settings: { maxOutputTokens: 9 } }) });
  const { callId, question } = await worker.next('question');
  expect(question).toMatchObject({ ask: 'call_tool', tool: 'fetch_doc' });
  worker.send({ type: 'tool_result', callId, outcome: 'ok' }, Buffer.from('A page.'));
  expect(textOf(await eventsOf(worker, 'run_1'))).toBe('Read.');
});

describe('an error that nobody caught after the load', () => {
  test.each([
    ['reject', 'TypeError', 'nobody waits', 19],
    ['throw later', 'Error', 'in a timer', 20],
  ])('(%s) is told with its line, and ends the worker', async (asked, name, message, line) => {
    const load = await writeModule(talker);
    const worker = await loaded(load);
    worker.run(asked);
    expect((await worker.next('fault')).detail).toMatchObject({
      class: name,
      message,
      file: load.entry,
      line,
      stage: 'worker',
    });
    expect(await worker.ended).toMatchObject({ code: 1, signal: null });
  });

  test('is told to a gateway that was busy, and says something to the worker before it hears', async () => {
    const worker = await loaded();
    worker.run('throw later');
    await new Promise(setImmediate);
    // Neither reads nor writes meanwhile; the error is thrown, and told.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    worker.send({ type: 'ping', sequence: 1 });
    expect((await worker.next('fault')).detail).toMatchObject({ message: 'in a timer' });
    expect(await worker.ended).toMatchObject({ code: 1, signal: null });
  });
});

describe('an exit of the module’s own', () => {
  test.each([
    ['exit', 4, 29],
    ['exit by name', 5, 22],
  ])('after the load (%s) is told with its line', async (asked, code, line) => {
    const load = await writeModule(talker);
    const worker = await loaded(load);
    worker.run('wait', { runId: 'waiting' });
    await worker.next('event');
    worker.run(asked);
    expect(await worker.next('fault')).toMatchObject({
      cause: 'exit',
      detail: {
        class: 'ProcessExit',
        message: `The process ended itself with exit code ${code}.`,
        file: load.entry,
        line,
        stage: 'worker',
      },
    });
    expect(await worker.ended).toMatchObject({ code, signal: null });
  });

  test('during the load is a finding with its line and the code around it', async () => {
    const load = await writeModule({
      'agent.ts': `import './settings.ts';\nexport const agent = { run: () => 'x' };`,
      'settings.ts': `type Settings = { a: 1 };\n\nif (!process.env.SETTINGS) {\n  process.exit(6);\n}\n`,
    });
    const worker = await startNodeWorker(join(load.folder, '..'));
    expect(await worker.load(load)).toEqual({
      type: 'load_failed',
      findings: [
        {
          stage: 'load',
          code: 'process_exit',
          severity: 'error',
          message: 'The module ended its process with exit code 6 while it was loaded.',
          file: join(load.folder, 'settings.ts'),
          line: 4,
          column: 11,
          frame: expect.stringContaining('> 4 |   process.exit(6);'),
          hint: expect.stringContaining('process.exit()'),
        },
      ],
      files: [load.entry, join(load.folder, 'settings.ts')],
    });
    expect(await worker.ended).toMatchObject({ code: 6 });
  });

  test('is no word about an end that the gateway asked for', async () => {
    const worker = await loaded();
    worker.send({ type: 'shutdown' });
    await worker.ended;
    expect(worker.heard.map(({ type }) => type)).toEqual(['hello', 'loaded']);
  });
});

describe('a script beside the agent', () => {
  test('that fails or wants to exit after the load is told once, and the agent is served', async () => {
    const load = await writeModule({
      'agent.ts': `const asked = Promise.withResolvers<void>();
async function main() {
  await asked.promise;
  for (const n of [1, 2]) void Promise.reject(new Error('no terminal' + ''));
  console.log('printed by main');
  process.exit(1);
}
void main();
export const agent = {
  run({ messages }: { messages: { content: string }[] }) {
    asked.resolve();
    return 'Served: ' + messages.at(-1)?.content;
  },
};
`,
    });
    const worker = await loaded(load);
    worker.run('one');
    await finalOf(worker, 'run_1');
    worker.run('two', { runId: 'run_2' });
    expect(textOf(await eventsOf(worker, 'run_2'))).toBe('Served: two');
    worker.send({ type: 'shutdown' });
    const { code, output } = await worker.ended;
    expect(code).toBe(0);
    expect(output.split('\n').filter(Boolean).toSorted()).toEqual([
      `The module failed (${load.entry}:4), outside of any run, after it was loaded; its agent is served all the same: no terminal`,
      `The module wanted to end its process (${load.entry}:6), outside of any run, after it was loaded; its agent is served all the same: process.exit(1) was not done.`,
      'printed by main',
    ]);
    expect(worker.heard.map(({ type }) => type)).not.toContain('fault');
  });
});

async function loaded(load?: Awaited<ReturnType<typeof writeModule>>): Promise<NodeWorker> {
  const module = load ?? (await writeModule(talker));
  const worker = await startNodeWorker(join(module.folder, '..'));
  expect((await worker.load(module)).type).toBe('loaded');
  return worker;
}

/** The events of a run, once it is over. */
async function eventsOf(worker: NodeWorker, runId: string): Promise<RunEvent[]> {
  await finalOf(worker, runId);
  return heardOf(worker, runId);
}

async function finalOf(worker: NodeWorker, runId: string): Promise<RunEvent> {
  for (;;) {
    const final = heardOf(worker, runId).find(isLastEvent);
    if (final) return final;
    await worker.next('event');
  }
}

function heardOf(worker: NodeWorker, runId: string): RunEvent[] {
  return worker.heard.flatMap((message) =>
    message.type === 'event' && message.runId === runId ? [message.event] : [],
  );
}

function textOf(events: readonly RunEvent[]): string {
  return events.map((event) => (event.type === 'text' ? event.delta : '')).join('');
}

/** False for a process that is gone, or dead and only not yet reaped. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
