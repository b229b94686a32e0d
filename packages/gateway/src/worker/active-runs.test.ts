import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { workerRun } from '../../test/support/node-worker.ts';
import { loadedModule } from '../../test/support/worker-run.ts';
import { noUsage } from '../protocol/run.ts';
import type { FromWorker } from '../protocol/worker/messages.ts';
import { createActiveRuns } from './active-runs.ts';
import type { RunModule } from './loaded-module.ts';

const module = loadedModule({ run: () => '' }, { kind: 'runnable' });
const finished = { type: 'finished', reason: 'stop', usage: noUsage } as const;

/** Runs made by `runModule`, and all that they send. */
function runsOf(runModule: RunModule) {
  const sent: FromWorker[] = [];
  return { sent, runs: createActiveRuns({ runModule, send: (message) => sent.push(message) }) };
}

function eventTypes(sent: readonly FromWorker[]): string[] {
  return sent.map((message) => (message.type === 'event' ? message.event.type : message.type));
}

describe('a run that breaks the rules', () => {
  test('and throws ends as failed', async () => {
    const { runs, sent } = runsOf(async () => {
      throw new TypeError('lost');
    });
    runs.start(module, workerRun('Hi'), 10);
    await setImmediate();
    expect(sent).toMatchObject([
      {
        type: 'event',
        runId: 'run_1',
        event: {
          type: 'failed',
          code: 'run_failed',
          detail: { class: 'TypeError', message: 'lost', stage: 'worker' },
        },
      },
    ]);
  });

  test('and returns without a final event ends as failed', async () => {
    const { runs, sent } = runsOf(async () => undefined);
    runs.start(module, workerRun('Hi'), 10);
    await setImmediate();
    expect(eventTypes(sent)).toEqual(['failed']);
  });

  test('and talks on after its end is not heard', async () => {
    const { runs, sent } = runsOf(async (_module, { send }) => {
      await send(finished);
      await send({ type: 'text', delta: 'more' });
      await send(finished);
    });
    runs.start(module, workerRun('Hi'), 10);
    await setImmediate();
    expect(eventTypes(sent)).toEqual(['finished']);
  });
});

test('a run that is over still gets the credit its last events wait for', async () => {
  const { runs, sent } = runsOf(async (_module, { send }) => {
    void send({ type: 'text', delta: 'a' });
    void send(finished);
  });
  runs.start(module, workerRun('Hi'), 0);
  await setImmediate();
  expect(sent).toEqual([]);
  runs.grant('run_1', 2);
  expect(eventTypes(sent)).toEqual(['text', 'finished']);
});

describe('a question', () => {
  const erase = {
    ask: 'authorize_tool',
    tool: 'erase',
    arguments: { file: 'a' },
    provenance: 'mcp',
  } as const;
  const asking: RunModule = async (_module, { ask, send }) => {
    const reply = await ask(erase).catch((error: unknown) => error);
    await send({ type: 'text', delta: String(reply) });
    await send(finished);
  };

  test.each([true, null, 'a text'])('is answered with a reply: %s', async (reply) => {
    const { runs, sent } = runsOf(asking);
    runs.start(module, workerRun('Hi'), 10);
    const [question] = sent;
    expect(question).toEqual({
      type: 'question',
      callId: 'run_1.1',
      runId: 'run_1',
      question: erase,
    });
    runs.answer('run_1.1', reply);
    await setImmediate();
    expect(sent[1]).toMatchObject({ event: { type: 'text', delta: String(reply) } });
  });

  test('is answered with a refusal, which says why', async () => {
    const { runs, sent } = runsOf(asking);
    runs.start(module, workerRun('Hi'), 10);
    runs.refuse('run_1.1', 'Not here.');
    await setImmediate();
    expect(sent[1]).toMatchObject({ event: { type: 'text', delta: 'Refused: Not here.' } });
  });

  test('is refused when its run is cancelled, and its answer is then ignored', async () => {
    const { runs, sent } = runsOf(asking);
    runs.start(module, workerRun('Hi'), 10);
    runs.cancel('run_1', 'The caller left.');
    await setImmediate();
    runs.answer('run_1.1', true);
    const delta = 'Refused: The run was cancelled.';
    expect(sent[1]).toMatchObject({ event: { type: 'text', delta } });
  });

  test('has an id of its own', () => {
    const { runs, sent } = runsOf(asking);
    runs.start(module, workerRun('Hi', { runId: 'a' }), 10);
    runs.start(module, workerRun('Hi', { runId: 'b' }), 10);
    expect(sent.map((message) => message.type === 'question' && message.callId)).toEqual([
      'a.1',
      'b.2',
    ]);
  });
});

test('a cancelled run is told to be over when what it left going has settled, at once where there is none', async () => {
  const left = Promise.withResolvers<void>();
  const { runs, sent } = runsOf(async (_module, { outlives, send }) => {
    outlives(left.promise);
    await send(finished);
  });
  runs.start(module, workerRun('Hi'), 10);
  runs.cancel('run_1', 'The caller left.');
  await setImmediate();
  expect(eventTypes(sent)).toEqual(['finished']);
  left.reject(new Error('It failed in the end.'));
  await setImmediate();
  runs.cancel('run_2', 'The caller left.');
  expect(sent.slice(1)).toEqual([
    { type: 'run_over', runId: 'run_1' },
    { type: 'run_over', runId: 'run_2' },
  ]);
});

test('a cancel gives its reason to the run', async () => {
  const reasons: string[] = [];
  const { runs } = runsOf(async (_module, { signal, send }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    reasons.push(`${signal.reason.name}: ${signal.reason.message}`);
    await send(finished);
  });
  runs.start(module, workerRun('Hi'), 10);
  runs.cancel('run_1', 'The caller left.');
  await setImmediate();
  expect(reasons).toEqual(['AbortError: The caller left.']);
});
