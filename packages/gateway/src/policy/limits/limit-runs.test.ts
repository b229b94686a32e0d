import { describe, expect, test } from 'vitest';
import { GatewayError } from '../../errors.ts';
import type { Caller } from '../../protocol/policy.ts';
import { noLimits } from './key-limits.ts';
import { limitRuns } from './limit-runs.ts';
import { createRunSlots } from './run-slots.ts';

const caller: Caller = {
  keyId: 'key_1',
  keyName: 'alice',
  role: 'caller',
  namespaces: null,
  agents: null,
  requestId: 'req_1',
};

/** A verb under a limit of two runs, whose runs say what the generator given to it says. */
function limited(
  options: { isKnown?: boolean; budget?: GatewayError; refuse?: GatewayError } = {},
) {
  const slots = createRunSlots();
  const cancelled: (string | GatewayError)[] = [];
  const started: unknown[][] = [];
  const start = limitRuns(
    {
      slots,
      limitsOf: () =>
        options.isKnown === false
          ? null
          : { account: 'key_0', limits: { ...noLimits, concurrentRuns: 2, tokensPerDay: 5 } },
      budgets: {
        check: async () => {
          if (options.budget) throw options.budget;
        },
      },
    },
    async (_caller, says: () => AsyncGenerator<string>, signal) => {
      started.push([says, signal]);
      if (options.refuse) throw options.refuse;
      const events: AsyncIterable<string> = says();
      return {
        id: 'run_1',
        events,
        cancel: (reason: string | GatewayError) => cancelled.push(reason),
      };
    },
  );
  const isFree = () => slots.hasFree('key_0', 1);
  return { start, slots, isFree, cancelled, started };
}

async function* hello() {
  yield 'Hel';
  yield 'lo';
}

async function* broken() {
  yield 'Hel';
  throw new Error('lost');
}

describe('a slot', () => {
  test('is held until a run has said its last, and the run says what it always said', async () => {
    const { start, isFree, cancelled } = limited();
    const run = await start(caller, hello);
    expect(run.id).toBe('run_1');
    const said: string[] = [];
    for await (const event of run.events) {
      expect(isFree()).toBe(false);
      said.push(event);
    }
    expect(said).toEqual(['Hel', 'lo']);
    expect(isFree()).toBe(true);
    run.cancel('late');
    expect(cancelled).toEqual(['late']);
  });

  test('is free again when the reader leaves, when the run breaks and when nobody ever read it', async () => {
    const { start, isFree } = limited();
    for await (const _event of (await start(caller, hello)).events) break;
    expect(isFree()).toBe(true);
    const reading = async () => {
      for await (const _event of (await start(caller, broken)).events);
    };
    await expect(reading()).rejects.toThrow('lost');
    expect(isFree()).toBe(true);
    (await start(caller, hello)).cancel('the caller left');
    expect(isFree()).toBe(true);
  });

  test('stays held by a run that was cancelled until it has ended', async () => {
    const { start, isFree } = limited();
    const run = await start(caller, hello);
    const events = run.events[Symbol.asyncIterator]();
    await events.next();
    run.cancel('the caller left');
    expect(isFree()).toBe(false);
    await events.return?.();
    expect(isFree()).toBe(true);
  });

  test('is given back once, however often a run ends', async () => {
    const { start, slots } = limited();
    const [first, second] = [await start(caller, hello), await start(caller, hello)];
    const events = first.events[Symbol.asyncIterator]();
    await events.return?.();
    await events.return?.();
    await events.next();
    expect([slots.hasFree('key_0', 1), slots.hasFree('key_0', 2)]).toEqual([false, true]);
    second.cancel('x');
    expect(slots.hasFree('key_0', 1)).toBe(true);
  });

  test('is free again when the run is refused', async () => {
    const refuse = new GatewayError('agent_not_found', 'No.');
    const { start, isFree } = limited({ refuse });
    await expect(start(caller, hello)).rejects.toBe(refuse);
    expect(isFree()).toBe(true);
  });
});

test('a key with all its runs going is told so before anything starts', async () => {
  const { start, started } = limited();
  await start(caller, hello);
  await start(caller, hello);
  await expect(start(caller, hello)).rejects.toMatchObject({
    code: 'rate_limited',
    message: 'This key may have 2 runs at once. Try again when one has ended.',
  });
  expect(started).toHaveLength(2);
});

test('a key whose tokens are used up starts nothing and holds nothing', async () => {
  const budget = new GatewayError('quota_exhausted', 'Used up.');
  const { start, started, isFree } = limited({ budget });
  await expect(start(caller, hello)).rejects.toBe(budget);
  expect([started, isFree()]).toEqual([[], true]);
});

test('what has no limits passes as it is, with all that was given', async () => {
  const { start, started } = limited({ isKnown: false });
  const { signal } = new AbortController();
  await Promise.all([1, 2, 3].map(() => start(caller, hello, signal)));
  expect(started).toEqual([1, 2, 3].map(() => [hello, signal]));
});
