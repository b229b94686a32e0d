import { expect, test } from 'vitest';
import type { GatewayEvent } from '../events.ts';
import { createRecentRuns } from './recent-runs.ts';

const about = {
  requestId: 'req_1',
  keyId: 'key_1',
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  generation: 2,
};

function started(runId: string): GatewayEvent {
  return { type: 'run_started', runId, ...about, waitedMs: 0, isStreamed: true };
}

function ended(runId: string): GatewayEvent {
  return {
    type: 'run_ended',
    runId,
    ...about,
    outcome: 'finished',
    code: null,
    detail: null,
    durationMs: 12.34,
    firstTextMs: 3,
    isStreamed: true,
    usage: {
      requests: 2,
      inputTokens: 10,
      outputTokens: 5,
      cachedInputTokens: 0,
      reasoningTokens: 0,
    },
  };
}

test('lists the newest run first, and says which still run', () => {
  const runs = createRecentRuns(() => '2026-01-01T00:00:00.000Z');
  runs.listener(started('run_1'));
  runs.listener(started('run_2'));
  runs.listener(ended('run_1'));
  expect(runs.list()).toMatchObject([
    { id: 'run_2', outcome: 'running', duration_ms: null, usage: null },
    {
      id: 'run_1',
      request_id: 'req_1',
      key_id: 'key_1',
      agent_id: 'default/a',
      generation: 2,
      started_at: '2026-01-01T00:00:00.000Z',
      outcome: 'finished',
      duration_ms: 12.3,
      usage: { requests: 2, input_tokens: 10, output_tokens: 5 },
    },
  ]);
});

test('stays bounded, and takes the end of a forgotten run calmly', () => {
  const runs = createRecentRuns(() => '');
  for (let index = 0; index < 250; index += 1) runs.listener(started(`run_${index}`));
  runs.listener(ended('run_0'));
  expect(runs.list()).toHaveLength(200);
  expect(runs.list()[0]?.id).toBe('run_249');
});
