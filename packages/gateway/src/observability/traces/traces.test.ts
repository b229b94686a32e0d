import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { type OtlpCollector, startCollector } from '../../../test/support/otlp-collector.ts';
import type { EventOf, GatewayEvent } from '../../events.ts';
import { noUsage } from '../../protocol/run.ts';
import type { TracingSettings } from '../../protocol/trace.ts';
import { createTraces, type Traces } from './traces.ts';

let collector: OtlpCollector;
let told: EventOf<'spans_exported'>[] = [];

beforeAll(async () => {
  collector = await startCollector();
});
beforeEach(() => {
  told = [];
  collector.become('takes');
});
afterAll(() => collector.stop());

function traced(changes: Partial<TracingSettings> = {}): Traces {
  return createTraces({
    settings: {
      url: `${collector.url}/v1/traces`,
      headers: {},
      timeoutMs: 60_000,
      serviceName: 'test',
      resource: {},
      sampler: { ratio: 1, followsParent: true },
      contents: false,
      delayMs: 600_000,
      maxWaiting: 2048,
      ...changes,
    },
    version: '1.2.3',
    addressOf: () => ({ host: 'api.example.com', port: 443 }),
    redact: () => (text) => text.replaceAll('hunter2', '[secret]'),
    emit: (event) => {
      if (event.type === 'spans_exported') told.push(event);
    },
  });
}

const run = {
  runId: 'run_1',
  requestId: 'req_1',
  keyId: 'key_1',
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  generation: 2,
};
const started = (runId: string, changes: Partial<EventOf<'run_started'>> = {}): GatewayEvent => ({
  ...run,
  type: 'run_started',
  runId,
  waitedMs: 0,
  kind: 'agent',
  traceparent: null,
  isStreamed: false,
  user: null,
  ...changes,
});
const ended = (runId: string, changes: Partial<EventOf<'run_ended'>> = {}): GatewayEvent => ({
  ...run,
  type: 'run_ended',
  runId,
  outcome: 'finished',
  code: null,
  detail: null,
  durationMs: 5,
  firstTextMs: null,
  isStreamed: false,
  usage: noUsage,
  blockedBy: null,
  ...changes,
});
const model = (runId: string, body: object): GatewayEvent => ({
  ...run,
  type: 'model_called',
  runId,
  spanId: null,
  upstream: 'mine',
  path: '/v1/chat/completions',
  model: 'm',
  status: 200,
  outcome: 'ok',
  attempts: 1,
  durationMs: 3,
  firstByteMs: 2,
  user: null,
  costNanoUsd: null,
  usage: null,
  error: null,
  code: null,
  body: Buffer.from(JSON.stringify(body)),
  answer: null,
});

const spansOf = (agentId: string) =>
  collector.spans().filter(({ attributes }) => attributes['dropgate.agent.id'] === agentId);

test('a workflow is one, and the share of traces is kept to', async () => {
  const half = traced({ sampler: { ratio: 0, followsParent: true } });
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  half.listener(started('run_1', { agentId: 'w/none', kind: 'workflow' }));
  expect(half.traceOf('run_1')).toMatchObject({ hasSpans: false });
  expect(half.traceOf('run_1')?.traceparent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
  half.listener(started('run_2', { agentId: 'w/flow', kind: 'workflow', traceparent }));
  half.listener(ended('run_1'));
  half.listener(ended('run_2', { outcome: 'failed', code: 'run_failed' }));
  await half.close();
  expect(spansOf('w/none')).toEqual([]);
  expect(spansOf('w/flow')).toMatchObject([
    {
      name: 'invoke_workflow w/flow',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      parentSpanId: 'b7ad6b7169203331',
      attributes: {
        'gen_ai.operation.name': 'invoke_workflow',
        'gen_ai.workflow.name': 'w/flow',
        'error.type': 'run_failed',
      },
      status: { code: 2 },
    },
  ]);
});

describe('contents', () => {
  const chat = {
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text', text: 'Say hunter2.' }, { type: 'image_url' }] },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c1', function: { name: 'look', arguments: '{"at":1}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: 'Nothing.' },
    ],
  };
  const responses = {
    instructions: 'Be brief.',
    input: [
      { role: 'user', content: [{ type: 'input_text', text: 'Say hunter2.' }] },
      { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"at":1}' },
      { type: 'function_call_output', call_id: 'c1', output: 'Nothing.' },
    ],
  };
  const called = {
    role: 'assistant',
    parts: [{ type: 'tool_call', id: 'c1', name: 'look', arguments: '{"at":1}' }],
  };
  const answered = {
    role: 'tool',
    parts: [{ type: 'tool_call_response', id: 'c1', response: 'Nothing.' }],
  };

  test('are what was asked and answered, in the form of the conventions and without secrets', async () => {
    const traces = traced({ contents: true });
    traces.listener(started('run_1', { agentId: 'c/on' }));
    traces.listener(model('run_1', chat));
    traces.listener(model('run_1', responses));
    traces.listener({
      ...run,
      type: 'run_said',
      runId: 'run_1',
      text: 'It is hunter2.',
      letters: 14,
      durationMs: 20,
    });
    traces.listener(ended('run_1', { agentId: 'c/on' }));
    await traces.close();
    const root = spansOf('c/on')[0];
    expect(JSON.parse(String(root?.attributes['gen_ai.output.messages']))).toEqual([
      {
        role: 'assistant',
        parts: [{ type: 'text', content: 'It is [secret].' }],
        finish_reason: 'stop',
      },
    ]);
    const asked = collector
      .spans()
      .filter(({ traceId, name }) => traceId === root?.traceId && name === 'chat m')
      .map(({ attributes }) => ({
        input: JSON.parse(String(attributes['gen_ai.input.messages'])),
        system: attributes['gen_ai.system_instructions'],
      }));
    const said = { type: 'text', content: 'Say [secret].' };
    expect(asked).toEqual([
      {
        input: [
          { role: 'system', parts: [{ type: 'text', content: 'Be brief.' }] },
          { role: 'user', parts: [said, { type: 'image_url' }] },
          called,
          answered,
        ],
        system: undefined,
      },
      {
        input: [{ role: 'user', parts: [said] }, called, answered],
        system: JSON.stringify([{ type: 'text', content: 'Be brief.' }]),
      },
    ]);
  });

  test('are left out where nobody asked for them', async () => {
    const traces = traced();
    traces.listener(started('run_1', { agentId: 'c/off' }));
    traces.listener(model('run_1', chat));
    traces.listener({
      ...run,
      type: 'run_said',
      runId: 'run_1',
      text: 'Canary.',
      letters: 7,
      durationMs: 20,
    });
    traces.listener(ended('run_1'));
    await traces.close();
    expect(spansOf('c/off')).toHaveLength(1);
    const body = collector.requests().at(-1)?.body ?? '';
    expect(body).toContain('chat m');
    for (const canary of ['Canary', 'brief', 'hunter2', 'Nothing'])
      expect(body).not.toContain(canary);
  });
});

describe('a collector that does not take them', () => {
  test('is told of once, and what is lost is counted, as is what is too much meanwhile', async () => {
    const traces = traced({ delayMs: 1, maxWaiting: 10 });
    collector.become('refuses');
    const runs = (count: number, from: number) => {
      for (let at = from; at < from + count; at += 1) {
        traces.listener(started(`run_${at}`));
        traces.listener(ended(`run_${at}`));
      }
    };
    const lost = () => told.reduce((sum, { dropped }) => sum + dropped, 0);
    runs(50, 0);
    await until('a refusal', () => told.length > 0);
    runs(1, 50);
    await until('what was lost', () => lost() === 51);
    collector.become('takes');
    runs(1, 51);
    await until('a span', () => told.some(({ sent }) => sent === 1));
    await traces.close();
    expect(told.filter(({ change }) => change !== null)).toMatchObject([
      { change: 'failing', error: expect.stringMatching(/./) },
      { change: 'recovered', sent: 1, error: null },
    ]);
    expect(lost()).toBe(51);
  });

  test('holds nobody up at the end', async () => {
    const traces = traced();
    collector.become('hang');
    traces.listener(started('run_1'));
    traces.listener(ended('run_1'));
    const before = performance.now();
    await traces.close();
    // The limit for it is 3 s; a busy machine may be late.
    expect(performance.now() - before).toBeLessThan(20_000);
  });
});
