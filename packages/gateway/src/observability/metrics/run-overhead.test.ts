import { expect, test } from 'vitest';
import type { EventOf } from '../../events.ts';
import { createRunOverhead } from './run-overhead.ts';

const run = {
  runId: 'run_1',
  requestId: 'req_1',
  keyId: 'key_1',
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  generation: 3,
};

/** What a request of 100 ms took beside models and tools that ended then, after so long. */
function overheadOf(...worked: readonly (readonly [atMs: number, durationMs: number])[]) {
  let nowMs = 1000;
  const overhead = createRunOverhead(() => nowMs);
  overhead({
    type: 'run_started',
    ...run,
    waitedMs: 0,
    kind: 'agent',
    traceparent: null,
    isStreamed: true,
    user: null,
  });
  for (const [atMs, durationMs] of worked) {
    nowMs = 1000 + atMs;
    overhead({ type: 'model_called', ...run, durationMs } as EventOf<'model_called'>);
  }
  nowMs = 1100;
  const ended = { type: 'request_ended', run, durationMs: 100 } as unknown;
  return overhead(ended as EventOf<'request_ended'>);
}

test('is the time of a request in which neither a model nor a tool was at work', () => {
  expect(overheadOf()).toBe(100);
  expect(overheadOf([50, 40])).toBe(60);
  expect(overheadOf([30, 20], [60, 20])).toBe(60);
});

test('counts what overlaps once, and what began before the request not at all', () => {
  expect(overheadOf([50, 40], [60, 40], [70, 65])).toBe(35);
  expect(overheadOf([20, 5], [90, 85])).toBe(15);
  expect(overheadOf([90, 500])).toBe(10);
});

test('knows when a tool was at work that is told of later', () => {
  let nowMs = 1000;
  const overhead = createRunOverhead(() => nowMs);
  overhead({
    type: 'run_started',
    ...run,
    waitedMs: 0,
    kind: 'agent',
    traceparent: null,
    isStreamed: true,
    user: null,
  });
  nowMs = 1080;
  overhead({ type: 'model_called', ...run, durationMs: 30 } as EventOf<'model_called'>);
  overhead({ type: 'tool_called', ...run, durationMs: 20, agoMs: 40 } as EventOf<'tool_called'>);
  nowMs = 1100;
  const ended = { type: 'request_ended', run, durationMs: 100 } as unknown;
  expect(overhead(ended as EventOf<'request_ended'>)).toBe(50);
});

test('is not told of a request that began no run', () => {
  const ended = { type: 'request_ended', run: null, durationMs: 100 } as unknown;
  expect(createRunOverhead()(ended as EventOf<'request_ended'>)).toBeNull();
});

test('is still told after very many runs whose requests ended before they began', () => {
  const overhead = createRunOverhead(() => 1000);
  const start = (runId: string) =>
    overhead({
      type: 'run_started',
      ...run,
      runId,
      waitedMs: 0,
      kind: 'agent',
      traceparent: null,
      isStreamed: true,
      user: null,
    });
  for (let index = 0; index < 10_000; index += 1) start(`run_in_background_${index}`);
  start('run_1');
  const ended = { type: 'request_ended', run, durationMs: 100 } as unknown;
  expect(overhead(ended as EventOf<'request_ended'>)).toBe(100);
});
