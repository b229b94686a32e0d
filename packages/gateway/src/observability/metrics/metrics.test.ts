import { describe, expect, test } from 'vitest';
import type { EventOf, GatewayEvent } from '../../events.ts';
import type { Question } from '../../protocol/policy.ts';
import { createMetrics } from './metrics.ts';

const usage = {
  requests: 1,
  inputTokens: 10,
  outputTokens: 5,
  cachedInputTokens: 2,
  reasoningTokens: 0,
};
const run = {
  runId: 'run_1',
  requestId: 'req_1',
  keyId: 'key_1',
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  generation: 3,
};
const started: GatewayEvent = { type: 'run_started', ...run, waitedMs: 0, isStreamed: true };
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
};
const toolCalled: EventOf<'tool_called'> = {
  type: 'tool_called',
  ...run,
  tool: 'get_weather',
  provenance: 'native',
  outcome: 'ok',
  durationMs: 5,
  detail: null,
  cache: null,
  violation: null,
  argumentBytes: null,
  resultBytes: null,
  error: null,
};
const question: Question = {
  principal: { type: 'agent', id: 'default/a' },
  action: 'call_tool',
  resource: 'get_weather',
};
const request: EventOf<'request_ended'> = {
  type: 'request_ended',
  requestId: 'req_1',
  clientRequestId: null,
  clientAddress: null,
  keyId: null,
  method: 'GET',
  path: '/whatever',
  route: 'unknown',
  status: 404,
  durationMs: 2,
  run: null,
  code: null,
};

const nothing = { workers: () => [], unreadBytes: () => 0 };

describe('metrics', () => {
  test('count decisions by what was asked, the answer and who said so', async () => {
    const lines = await linesOf([
      {
        type: 'access_decided',
        question,
        decision: { answer: 'deny', rule: null },
        requestId: null,
      },
    ]);
    expect(lines).toContain(
      'dropgate_security_decisions_total{action="call_tool",effect="deny",source="none"} 1',
    );
  });

  test('count runs, tools, tokens and requests under agent, tool, upstream and route', async () => {
    const lines = await linesOf([
      started,
      started,
      ended,
      toolCalled,
      {
        type: 'model_called',
        agentId: 'default/a',
        runId: 'run_1',
        keyId: 'key_1',
        requestId: 'req_1',
        modulePath: 'src/agents/A/agent.ts',
        generation: 3,
        upstream: 'openai',
        path: '/v1/responses',
        model: 'm',
        status: 200,
        outcome: 'ok',
        attempts: 1,
        durationMs: 10,
        usage,
        error: null,
        code: null,
        firstByteMs: 4,
      },
      request,
    ]);
    expect(lines).toEqual(
      expect.arrayContaining([
        'dropgate_runs_total{outcome="finished",agent="default/a"} 1',
        'dropgate_runs_active 1',
        'dropgate_run_duration_seconds_bucket{le="0.5",agent="default/a"} 1',
        'dropgate_run_first_text_seconds_count{agent="default/a"} 1',
        'dropgate_tool_calls_total{tool="get_weather",provenance="native",outcome="ok",agent="default/a"} 1',
        'dropgate_tokens_total{kind="input",upstream="openai",agent="default/a"} 10',
        'dropgate_tokens_total{kind="output",upstream="openai",agent="default/a"} 5',
        'dropgate_requests_total{method="GET",route="unknown",status="404"} 1',
      ]),
    );
  });

  test('count what failed once, by stage and code', async () => {
    const finding = { stage: 'load', code: 'syntax_error', message: 'No.' } as const;
    const lines = await linesOf([
      {
        type: 'findings_reported',
        agentId: 'default/b',
        modulePath: 'b/agent.ts',
        servingGeneration: null,
        findings: [
          { ...finding, severity: 'error' },
          { ...finding, code: 'unused', severity: 'warning' },
        ],
      },
      {
        ...ended,
        outcome: 'failed',
        code: 'tool_failed',
        detail: { class: 'Error', message: 'No.', stage: 'tool' },
      },
      { type: 'request_failed', requestId: 'r', code: 'gateway_failed', error: new Error('No.') },
    ]);
    expect(lines.filter((line) => line.startsWith('dropgate_failures_total'))).toEqual([
      'dropgate_failures_total{stage="load",code="syntax_error",agent="default/b"} 1',
      'dropgate_failures_total{stage="tool",code="tool_failed",agent="default/a"} 1',
      'dropgate_failures_total{stage="run",code="gateway_failed",agent="none"} 1',
    ]);
  });

  test('show the workers there are when asked', async () => {
    const metrics = createMetrics({
      workers: () => [
        { agentId: 'default/a', state: 'ready', rssMb: 100 },
        { agentId: null, state: 'spare', rssMb: null },
      ],
      unreadBytes: () => 1234,
    });
    const { text } = await metrics.exposition();
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'dropgate_workers{state="ready"} 1',
        'dropgate_workers{state="draining"} 0',
        'dropgate_worker_rss_bytes{agent="default/a"} 104857600',
        'dropgate_unread_bytes 1234',
      ]),
    );
  });

  test('grow no series without bound, whatever tools call themselves', async () => {
    const events = Array.from({ length: 5000 }, (_, index) => ({
      ...toolCalled,
      agentId: `default/a${index % 50}`,
      tool: `tool"\n${index}`,
    }));
    const lines = await linesOf(events);
    const series = lines.filter((line) => line.startsWith('dropgate_tool_calls_total'));
    expect(series).toHaveLength(1001);
    expect(series.at(-1)).toBe(
      'dropgate_tool_calls_total{tool="other",provenance="native",outcome="ok",agent="other"} 4000',
    );
  });

  test('of two gateways in one process do not mix, and tell the same as JSON', async () => {
    const one = createMetrics(nothing);
    const other = createMetrics(nothing);
    one.listener(request);
    const samples = async (metrics: typeof one) => {
      const report = await metrics.report();
      return report.metrics.find(({ name }) => name === 'dropgate_requests_total');
    };
    expect(await samples(other)).toMatchObject({ samples: [] });
    expect(await samples(one)).toEqual({
      name: 'dropgate_requests_total',
      type: 'counter',
      help: 'Requests answered, by route.',
      samples: [
        {
          name: 'dropgate_requests_total',
          labels: { method: 'GET', route: 'unknown', status: '404' },
          value: 1,
        },
      ],
    });
  });
});

async function linesOf(events: readonly GatewayEvent[]): Promise<string[]> {
  const metrics = createMetrics(nothing);
  for (const event of events) metrics.listener(event);
  return (await metrics.exposition()).text.split('\n');
}
