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
  blockedBy: null,
  usage,
};
const toolCalled: EventOf<'tool_called'> = {
  type: 'tool_called',
  spanId: null,
  ...run,
  tool: 'get_weather',
  provenance: 'native',
  outcome: 'ok',
  durationMs: 5,
  detail: null,
  callId: null,
  contents: null,
  agoMs: 0,
  cache: null,
  violation: null,
  argumentBytes: null,
  resultBytes: null,
  error: null,
};
const modelCalled: EventOf<'model_called'> = {
  type: 'model_called',
  spanId: null,
  user: null,
  costNanoUsd: 0,
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
  body: null,
  answer: null,
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

const nothing = {
  workers: () => [],
  upstreams: () => [],
  unreadBytes: () => 0,
  budgetsLeft: async () => [],
};

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
    const lines = await linesOf([started, started, ended, toolCalled, modelCalled, request]);
    expect(lines).toEqual(
      expect.arrayContaining([
        'dropgate_runs_total{outcome="finished",agent="default/a"} 1',
        'dropgate_runs_active 1',
        'dropgate_run_duration_seconds_bucket{le="0.5",agent="default/a"} 1',
        'dropgate_run_first_text_seconds_count{agent="default/a"} 1',
        'dropgate_tool_calls_total{tool="get_weather",provenance="native",outcome="ok",agent="default/a"} 1',
        'dropgate_tokens_total{kind="input",upstream="openai",agent="default/a",model="m"} 10',
        'dropgate_tokens_total{kind="output",upstream="openai",agent="default/a",model="m"} 5',
        'dropgate_requests_total{method="GET",route="unknown",status="404"} 1',
        'dropgate_tokens_total{kind="cached_input",upstream="openai",agent="default/a",model="m"} 2',
        'dropgate_model_first_token_seconds_sum{upstream="openai"} 0.004',
        'dropgate_streams_open 1',
        'dropgate_run_wait_seconds_count{agent="default/a"} 2',
      ]),
    );
  });

  test('measure under the names and with the buckets of OpenTelemetry', async () => {
    const failed = { ...modelCalled, usage: null, code: 'upstream_failed' } as const;
    const lines = await linesOf([started, modelCalled, failed, toolCalled, ended]);
    const of =
      'gen_ai_provider_name="openai",gen_ai_request_model="m",gen_ai_agent_name="default/a"';
    const agent = 'gen_ai_agent_name="default/a"';
    expect(lines).toEqual(
      expect.arrayContaining([
        `gen_ai_client_token_usage_bucket{le="16",gen_ai_operation_name="chat",${of},gen_ai_token_type="input"} 1`,
        `gen_ai_client_token_usage_sum{gen_ai_operation_name="chat",${of},gen_ai_token_type="output"} 5`,
        `gen_ai_client_operation_duration_bucket{le="0.01",gen_ai_operation_name="chat",${of},error_type=""} 1`,
        `gen_ai_client_operation_duration_count{gen_ai_operation_name="chat",${of},error_type="upstream_failed"} 1`,
        `gen_ai_execute_tool_duration_sum{error_type="",gen_ai_tool_name="get_weather",${agent}} 0.005`,
        `gen_ai_invoke_agent_duration_bucket{le="0.32",error_type="",${agent}} 1`,
      ]),
    );
  });

  test('measure what the gateway adds, who waits, the store, and what was refused', async () => {
    const begun = { ...request, run, route: '/v1/chat/completions', status: 200 };
    const lines = await linesOf([
      started,
      { ...begun, durationMs: 0.07 },
      { ...request, code: 'rate_limited', status: 429 },
      { type: 'queue_changed', waiting: 3 },
      { type: 'store_used', operation: 'keys.list', durationMs: 2, isFailure: true },
      { type: 'settings_read', problems: 0 },
      { type: 'worker_started', pid: 7, agentId: 'default/a', generation: 1 },
      {
        type: 'upstream_cooling',
        upstream: 'local',
        baseUrl: 'http://127.0.0.1:1/v1',
        failures: 5,
        error: 'HTTP 500',
        restMs: 5000,
        fallback: null,
      },
    ]);
    expect(lines).toEqual(
      expect.arrayContaining([
        'dropgate_gateway_overhead_seconds_bucket{le="0.00005",agent="default/a"} 0',
        'dropgate_gateway_overhead_seconds_bucket{le="0.0001",agent="default/a"} 1',
        'dropgate_requests_refused_total{code="rate_limited"} 1',
        'dropgate_runs_queued 3',
        'dropgate_store_duration_seconds_bucket{le="0.005",operation="keys.list"} 1',
        'dropgate_store_failures_total{operation="keys.list"} 1',
        'dropgate_settings_reads_total{outcome="ok"} 1',
        'dropgate_worker_starts_total{agent="default/a"} 1',
        'dropgate_upstream_outages_total{upstream="local"} 1',
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
        { agentId: 'default/a', state: 'ready', rssMb: 100, lagMs: 250 },
        { agentId: null, state: 'spare', rssMb: null, lagMs: null },
      ],
      upstreams: () => [{ name: 'local', state: 'open' }],
      unreadBytes: () => 1234,
      budgetsLeft: async (of) => [
        { keyId: 'key_1', period: 'day', left: of === 'tokens' ? 40 : 250_000_000 },
      ],
    });
    const { text } = await metrics.exposition();
    expect(text.split('\n')).toEqual(
      expect.arrayContaining([
        'dropgate_workers{state="ready"} 1',
        'dropgate_workers{state="draining"} 0',
        'dropgate_worker_rss_bytes{agent="default/a"} 104857600',
        'dropgate_unread_bytes 1234',
        'dropgate_upstream_state{upstream="local",state="open"} 1',
        'dropgate_upstream_state{upstream="local",state="closed"} 0',
        'dropgate_worker_loop_lag_seconds{agent="default/a"} 0.25',
        'dropgate_budget_left_tokens{key="key_1",period="day"} 40',
        'dropgate_budget_left_usd{key="key_1",period="day"} 0.25',
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

  test('grow by a fixed number of series, however many models and tools are named', async () => {
    const named = (count: number) =>
      Array.from({ length: count }, (_, index) => [
        { ...modelCalled, model: `m"\n${index}`, keyId: `key_${index}` },
        { ...toolCalled, tool: `t${index}` },
      ]).flat();
    const hostile = await linesOf(named(10_000));
    const few = await linesOf(named(1000));
    expect(hostile.length).toBe(few.length);
    const models = hostile.filter((line) =>
      line.startsWith('gen_ai_client_operation_duration_count'),
    );
    // A tenth of what there is, and what is more of it under its name.
    expect(models).toHaveLength(21);
    expect(models.at(-1)).toBe(
      'gen_ai_client_operation_duration_count{gen_ai_operation_name="chat",gen_ai_provider_name="other",gen_ai_request_model="other",gen_ai_agent_name="default/a",error_type=""} 9980',
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

  test('are summed for people, by agent and tool', async () => {
    const metrics = createMetrics(nothing);
    const failed = { ...toolCalled, outcome: 'timeout' } as const;
    for (const event of [started, modelCalled, toolCalled, failed, ended]) metrics.listener(event);
    const { agents, tools } = await metrics.report();
    expect(agents).toEqual([
      {
        agent: 'default/a',
        runs: 1,
        failed_runs: 0,
        mean_ms: 300,
        failures: 0,
        model_calls: 1,
        tool_calls: 2,
        input_tokens: 10,
        output_tokens: 5,
      },
    ]);
    expect(tools).toEqual([{ tool: 'get_weather', calls: 2, failed: 1, denied: 0, mean_ms: 5 }]);
  });
});

async function linesOf(events: readonly GatewayEvent[]): Promise<string[]> {
  const metrics = createMetrics(nothing);
  for (const event of events) metrics.listener(event);
  return (await metrics.exposition()).text.split('\n');
}
