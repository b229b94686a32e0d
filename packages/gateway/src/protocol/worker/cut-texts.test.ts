import { expect, test } from 'vitest';
import { noUsage } from '../run.ts';
import { parseFromWorker } from './from-worker.ts';

const endless = 'x'.repeat(1_000_000);
const detail = { class: endless, message: endless, stack: endless, file: endless, stage: 'tool' };
const call = { callId: 'c1', tool: endless, agent: endless, provenance: 'native' };
const finding = {
  stage: 'load',
  code: 'threw',
  severity: 'error',
  file: endless,
  message: endless,
  frame: endless,
  hint: endless,
};

test.each([
  ['a failed run', event({ type: 'failed', code: 'run_failed', message: endless, detail })],
  ['a tool that began', event({ type: 'tool_started', ...call })],
  [
    'a tool that failed',
    event({ type: 'tool_ended', ...call, outcome: 'failed', durationMs: 1, detail }),
  ],
  ['a hand-off', event({ type: 'handed_off', fromAgent: endless, toAgent: endless })],
  [
    'a verdict',
    { type: 'tool_decided', runId: null, tool: endless, provenance: 'native', answer: 'deny' },
  ],
  [
    'a question',
    {
      type: 'question',
      callId: 'c1',
      runId: null,
      question: { ask: 'authorize_tool', tool: endless, arguments: {} },
    },
  ],
  ['a stop', event({ type: 'finished', reason: 'content_filter', blockedBy: endless })],
  ['a load that failed', { type: 'load_failed', findings: Array(500).fill(finding), files: [] }],
  ['last words', { type: 'fault', detail }],
])('of %s no more is taken than anybody reads', (_title, message) => {
  const taken = parseFromWorker(message);
  expect(taken).toMatchObject({ type: message.type });
  expect(JSON.stringify(taken).length).toBeLessThan(1_200_000);
  expect(JSON.stringify(taken)).not.toContain('x'.repeat(16_001));
});

test('of an answer nothing is cut', () => {
  const text = { type: 'event', runId: 'run_1', event: { type: 'text', delta: endless } };
  expect(parseFromWorker(text)).toBe(text);
});

function event(of: object) {
  return { type: 'event', runId: 'run_1', event: { usage: noUsage, ...of } };
}
