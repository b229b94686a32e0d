import { expect, test } from 'vitest';
import type { OutsideRuns } from '../protocol/pool.ts';
import { limitOutside } from './limit-outside.ts';

const work = { load: { agentId: 'a/b', modulePath: 'b/agent.ts' }, callers: [] };
const decided = { runId: null, tool: 'wipe', provenance: 'native', answer: 'deny' } as const;
const question = { ask: 'authorize_tool', tool: 'wipe', arguments: {} } as const;

test('what a worker says of work outside of runs is bounded by the minute, and told of once', async () => {
  let nowMs = 0;
  let floods = 0;
  let recorded = 0;
  const outside: OutsideRuns = {
    answer: async () => {
      recorded += 1;
      return { type: 'value', value: true };
    },
    onToolDecided: () => {
      recorded += 1;
    },
  };
  const limited = limitOutside(outside, {
    nowMs: () => nowMs,
    onFlood: () => {
      floods += 1;
    },
  });
  const flood = async () => {
    for (let call = 0; call < 999; call += 1) limited.onToolDecided(work, decided);
    expect(await limited.answer(work, question)).toEqual({ type: 'value', value: true });
    await expect(limited.answer(work, question)).rejects.toThrow(
      'Too many tools are called outside of runs.',
    );
    limited.onToolDecided(work, decided);
  };
  await flood();
  expect([recorded, floods]).toEqual([1000, 1]);
  nowMs = 60_000;
  await flood();
  expect([recorded, floods]).toEqual([2000, 1]);
});
