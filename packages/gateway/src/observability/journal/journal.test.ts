import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { EventOf, GatewayEvent } from '../../events.ts';
import type { RecordLevel, RunRecord, StepChunk } from '../../protocol/journal/journal.ts';
import { requestHash } from '../../protocol/journal/request-hash.ts';
import { createJournal } from './journal.ts';
import { unpackContents } from './pack-contents.ts';

const run = {
  runId: 'run_1',
  requestId: 'req_1',
  keyId: 'key_1',
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  generation: 3,
};
const usage = {
  requests: 1,
  inputTokens: 10,
  outputTokens: 5,
  cachedInputTokens: 2,
  reasoningTokens: 0,
};
const started: GatewayEvent = {
  type: 'run_started',
  ...run,
  waitedMs: 0,
  isStreamed: true,
  kind: 'agent',
  traceparent: null,
  user: null,
};
const ended: EventOf<'run_ended'> = {
  type: 'run_ended',
  ...run,
  outcome: 'finished',
  code: null,
  detail: null,
  durationMs: 300,
  firstTextMs: 20,
  isStreamed: true,
  usage,
  blockedBy: null,
};
const modelCalled: EventOf<'model_called'> = {
  type: 'model_called',
  spanId: null,
  user: null,
  costNanoUsd: 0,
  ...run,
  upstream: 'openai',
  path: '/v1/responses',
  model: 'm',
  status: 200,
  outcome: 'ok',
  attempts: 1,
  durationMs: 10,
  firstByteMs: 4,
  usage,
  error: null,
  code: null,
  body: Buffer.from('{"model":"m","input":"my-secret-word"}'),
  answer: [Buffer.from('{"a":'), Buffer.from('1}')],
};
const toolCalled: EventOf<'tool_called'> = {
  type: 'tool_called',
  spanId: null,
  ...run,
  tool: 'lookup',
  callId: 'call_1',
  provenance: 'gateway',
  outcome: 'ok',
  durationMs: 5,
  detail: null,
  agoMs: 0,
  cache: 'miss',
  violation: null,
  argumentBytes: 8,
  resultBytes: 2,
  error: null,
  contents: { arguments: () => '{"q":"x"}', result: 'ok' },
};

function scene(record: RecordLevel = 'steps', isShared = false) {
  const runs = new Map<string, RunRecord>();
  const chunks: StepChunk[] = [];
  const faults: string[] = [];
  const writes: number[] = [];
  const store = { isAway: false, meanwhile: () => {} };
  /** What is said of this gateway, and of those that are silent. */
  const said: string[] = [];
  const journal = createJournal({
    store: {
      async write(batch) {
        if (store.isAway) throw new Error('The disk is full.');
        writes.push(batch.runs.length);
        said.push('write');
        for (const each of batch.runs) runs.set(each.id, each);
        chunks.push(...batch.chunks);
        store.meanwhile();
      },
      lose: async () => void said.push('lose'),
      async beat({ sinceMs, nowMs }) {
        said.push(`beat after ${nowMs - sinceMs} ms`);
      },
      leave: async () => void said.push('leave'),
      async loseOfSilent(sinceMs) {
        said.push(`lose of silent for ${Date.now() - sinceMs} ms`);
      },
      prune: async () => 0,
    },
    settings: () => ({ record, keepDays: 1, keepMb: 1 }),
    isShared,
    redact: () => (text) => text.replaceAll('my-secret-word', '[secret]'),
    emit(event) {
      if (event.type === 'fault_survived') faults.push(String(event.error));
    },
  });
  const happen = (...events: GatewayEvent[]) => {
    for (const event of events) journal.listener(event);
  };
  const steps = () => chunks.flatMap((chunk) => JSON.parse(chunk.steps));
  return { journal, happen, runs, chunks, steps, faults, writes, store, said };
}

describe('the journal', () => {
  test('keeps the steps of a run in order, with what each was', async () => {
    const { journal, happen, runs, steps, chunks } = scene();
    happen(
      started,
      modelCalled,
      {
        type: 'access_decided',
        question: {
          principal: { type: 'agent', id: 'default/a' },
          action: 'call_tool',
          resource: 'lookup',
        },
        decision: { answer: 'allow', rule: null },
        requestId: 'req_1',
        run: { runId: 'run_1', generation: 3 },
      },
      toolCalled,
      { type: 'run_handed_off', ...run, fromAgent: 'Triage', toAgent: 'Writer', agoMs: 0 },
      { ...modelCalled, model: 'n' },
      { type: 'run_said', ...run, text: 'Hello', letters: 5, durationMs: 20 },
      { ...ended, outcome: 'blocked', blockedBy: 'no_names' },
    );
    await journal.flush();
    expect(steps()).toMatchObject([
      { step: 0, kind: 'model_call', ordinal: 0, model: 'm', input_tokens: 10, duration_ms: 10 },
      { step: 1, kind: 'decision', resource: 'lookup', effect: 'allow', rule_id: null, tier: 8 },
      { step: 2, kind: 'tool_call', tool: 'lookup', call_id: 'call_1', provenance: 'gateway' },
      { step: 3, kind: 'handoff', from_agent: 'Triage', to_agent: 'Writer' },
      { step: 4, kind: 'model_call', ordinal: 1, model: 'n', first_byte_ms: 4 },
      { step: 5, kind: 'text', letters: 5, duration_ms: 20 },
      { step: 6, kind: 'guardrail', guardrail: 'no_names' },
    ]);
    expect(chunks.map(({ contents }) => contents)).toEqual([null]);
    expect(runs.get('run_1')).toMatchObject({
      agentId: 'default/a',
      requestId: 'req_1',
      outcome: 'blocked',
      durationMs: 300,
      usage,
      recorded: 'steps',
      steps: 7,
    });
  });

  test('keeps what models and tools were asked and answered, without secrets, where it is to', async () => {
    const { journal, happen, chunks } = scene('contents');
    happen(started, modelCalled, toolCalled, {
      type: 'run_said',
      ...run,
      text: 'Hi',
      letters: 2,
      durationMs: 20,
    });
    await journal.flush();
    const [chunk] = chunks;
    expect(await unpackContents(chunk?.contents ?? new Uint8Array())).toEqual([
      { step: 0, part: 'request', text: '{"model":"m","input":"[secret]"}' },
      { step: 0, part: 'answer', text: '{"a":1}' },
      { step: 1, part: 'arguments', text: '{"q":"x"}' },
      { step: 1, part: 'result', text: 'ok' },
      { step: 2, part: 'text', text: 'Hi' },
    ]);
  });

  test('shows a run that goes on, and writes many together', async () => {
    const { journal, happen, runs, writes, steps } = scene();
    for (let index = 0; index < 100; index += 1)
      happen({ ...started, runId: `run_${index}` } as GatewayEvent);
    await journal.flush();
    expect(writes).toEqual([100]);
    expect(runs.get('run_7')).toMatchObject({ outcome: 'running', usage: null, steps: 0 });
    happen({ ...modelCalled, runId: 'run_7' }, { ...ended, runId: 'run_7' });
    await journal.flush();
    expect(runs.get('run_7')).toMatchObject({ outcome: 'finished', steps: 1 });
    expect(steps()).toHaveLength(1);
  });

  test('is written within 50 ms by itself', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const { happen, writes } = scene();
    happen(started);
    vi.advanceTimersByTime(49);
    expect(writes).toEqual([]);
    vi.advanceTimersByTime(1);
    vi.useRealTimers();
    await expect.poll(() => writes).toEqual([1]);
  });

  test('puts a step where it was, though it was told of later', async () => {
    const { journal, happen, steps } = scene();
    happen(started, modelCalled, { ...toolCalled, agoMs: 40 });
    await journal.flush();
    expect(steps()).toMatchObject([
      { step: 0, kind: 'tool_call' },
      { step: 1, kind: 'model_call' },
    ]);
  });

  test('keeps nothing where it is off', async () => {
    const { journal, happen, runs } = scene('off');
    happen(started, modelCalled, ended);
    await journal.flush();
    expect(runs.size).toBe(0);
  });

  test('waits for a store that is away, says so once and loses nothing that there is room for', async () => {
    const { journal, happen, runs, steps, faults, store } = scene();
    store.isAway = true;
    happen(started, modelCalled);
    await journal.flush();
    happen(toolCalled, ended);
    await journal.flush();
    expect(faults).toEqual(['Error: The disk is full.']);
    store.isAway = false;
    await journal.close();
    expect(steps().map(({ kind }) => kind)).toEqual(['model_call', 'tool_call']);
    expect(runs.get('run_1')?.outcome).toBe('finished');
  });

  test('what is written makes room, also where there is more to be written all the time', async () => {
    const { journal, happen, steps, faults, store } = scene();
    const ids = Array.from({ length: 201 }, (_, at) => `run_${at}`);
    const big = { ...toolCalled, resultBytes: 40_000 };
    const all = () => happen(...ids.map((runId) => ({ ...big, runId })));
    let left = 20;
    store.meanwhile = () => {
      left -= 1;
      if (left > 0) all();
    };
    happen(...ids.map((runId) => ({ ...started, runId })));
    all();
    await journal.flush();
    expect(steps()).toHaveLength(20 * 201);
    expect(faults).toEqual([]);
  });

  test('a gateway that shares its store is known there before its runs, and says that it lives', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { journal, happen, runs, said } = scene('steps', true);
    await journal.restore();
    await vi.advanceTimersByTimeAsync(10_000);
    const silent = 'lose of silent for 60000 ms';
    expect(said.splice(0)).toEqual([silent, silent]);
    happen(started);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(said.splice(0)).toEqual(['beat after 10050 ms', 'write', 'beat after 20000 ms', silent]);
    expect(runs.get('run_1')?.gateway).toMatch(/^[\w-]{36}$/);
    await journal.close();
    expect(said).toEqual(['leave']);
  });

  test('keeps room for what is there, whatever is said of its length', async () => {
    const { journal, happen, steps, faults } = scene();
    const told = { ...toolCalled, provenance: 'native', contents: null } as const;
    happen(started, { ...told, argumentBytes: 9e15, resultBytes: 9e15 }, toolCalled, ended);
    await journal.flush();
    expect(steps()).toHaveLength(2);
    expect(faults).toEqual([]);
  });

  test('keeps 20,000 steps of a run, and says what it did not keep', async () => {
    const { journal, happen, runs, faults } = scene();
    happen(started);
    for (let index = 0; index < 10_000; index += 1) happen(toolCalled);
    await journal.flush();
    for (let index = 0; index < 10_001; index += 1) happen(toolCalled);
    happen(ended);
    await journal.flush();
    expect(runs.get('run_1')).toMatchObject({ steps: 20_000, outcome: 'finished' });
    expect(faults).toEqual(['Error: 1 steps of runs were not kept: there were too many.']);
  });
});

test('the hash of a request knows neither the order of its fields nor spaces', () => {
  const hash = requestHash(Buffer.from('{"model":"m","input":[{"b":1,"a":2}]}'));
  expect(requestHash(Buffer.from('{ "input": [{"a":2,"b":1}],\n"model":"m"}'))).toBe(hash);
  expect(requestHash(Buffer.from('{"model":"m","input":[{"b":1,"a":3}]}'))).not.toBe(hash);
  expect(requestHash(Buffer.from('no json'))).toMatch(/^[0-9a-f]{64}$/);
});
