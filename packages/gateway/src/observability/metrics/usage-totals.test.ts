import { expect, test } from 'vitest';
import type { EventOf } from '../../events.ts';
import { createUsageTotals } from './usage-totals.ts';

const call: EventOf<'model_called'> = {
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
  usage: {
    requests: 1,
    inputTokens: 10,
    outputTokens: 5,
    cachedInputTokens: 2,
    reasoningTokens: 1,
  },
  error: null,
  code: null,
  firstByteMs: 4,
  body: null,
  answer: null,
};

test('sums what model calls used, per agent, key and upstream', () => {
  const meter = createUsageTotals();
  meter.listener(call);
  meter.listener({ ...call, agentId: 'default/b', keyId: null });
  meter.listener({ ...call, outcome: 'failed', status: 500, usage: null });
  const twice = {
    model_calls: 2,
    failed_calls: 1,
    aborted_calls: 0,
    input_tokens: 10,
    output_tokens: 5,
    cached_input_tokens: 2,
    reasoning_tokens: 1,
  };
  const report = meter.report();
  expect(report.totals).toMatchObject({ model_calls: 3, input_tokens: 20, output_tokens: 10 });
  expect(report.by_agent).toEqual([
    { agent_id: 'default/a', ...twice },
    { agent_id: 'default/b', ...twice, model_calls: 1, failed_calls: 0 },
  ]);
  expect(report.by_key).toEqual([{ key_id: 'key_1', ...twice }]);
  expect(report.by_upstream).toMatchObject([{ upstream: 'openai', model_calls: 3 }]);
});
