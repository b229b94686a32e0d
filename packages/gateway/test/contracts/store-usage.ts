import { expect, test } from 'vitest';
import type { UsageRecord } from '../../src/protocol/usage/usage.ts';
import type { OpenAgain } from './store-contract.ts';

function used(more: Partial<UsageRecord> = {}): UsageRecord {
  return {
    day: '2026-11-28',
    keyId: 'key_1',
    agentId: 'default/a',
    model: 'm',
    upstream: 'openai',
    user: '',
    runs: 0,
    modelCalls: 1,
    failedCalls: 0,
    abortedCalls: 0,
    inputTokens: 10,
    outputTokens: 5,
    cachedInputTokens: 2,
    reasoningTokens: 1,
    costNanoUsd: 3_000_000_000_000,
    unpricedCalls: 0,
    ...more,
  };
}

const all = { of: 'all', limit: 10 } as const;

/** What every store does with usage. */
export function usageTests(open: OpenAgain): void {
  test('names the models that were called from a day on, once for who called them', async () => {
    const { usage } = await open();
    await usage.add([
      used({ day: '2026-10-01', model: 'too-old' }),
      used(),
      used({ day: '2026-11-29' }),
      used({ user: 'ann' }),
      used({ keyId: 'key_2' }),
      used({ model: '', upstream: '', runs: 1, modelCalls: 0 }),
    ]);
    const found = await usage.usedModels('2026-11-01');
    expect(found.toSorted((a, b) => a.keyId.localeCompare(b.keyId))).toEqual([
      { agentId: 'default/a', keyId: 'key_1', upstream: 'openai', model: 'm' },
      { agentId: 'default/a', keyId: 'key_2', upstream: 'openai', model: 'm' },
    ]);
  });

  test('adds up what several count at the same time, and tells it exactly', async () => {
    const stores = await Promise.all([open(), open(), open()]);
    const records = [used(), used({ keyId: 'key_2' }), used({ model: 'n', unpricedCalls: 1 })];
    await Promise.all(
      stores.flatMap(({ usage }, index) => [
        usage.add(index === 0 ? records.toReversed() : records),
        usage.add(records),
      ]),
    );
    const { usage } = await open();
    const sums = await usage.sumDay('2026-11-28', { ...all, by: ['model'] });
    const nowhere = { keyId: '', agentId: '', upstream: '' };
    expect(sums).toEqual([
      used({
        ...nowhere,
        modelCalls: 12,
        inputTokens: 120,
        outputTokens: 60,
        cachedInputTokens: 24,
        reasoningTokens: 12,
        costNanoUsd: 36_000_000_000_000,
      }),
      used({
        ...nowhere,
        model: 'n',
        modelCalls: 6,
        inputTokens: 60,
        outputTokens: 30,
        cachedInputTokens: 12,
        reasoningTokens: 6,
        costNanoUsd: 18_000_000_000_000,
        unpricedCalls: 6,
      }),
    ]);
  });

  test('is told by day and by several names, with runs or of model calls alone', async () => {
    const { usage } = await open();
    const begun = used({ model: '', upstream: '', runs: 1, modelCalls: 0, user: '=1+1' });
    await usage.add([begun, used({ user: '=1+1' }), used({ day: '2026-11-29' })]);
    const range = { since: '2026-11-01', until: '2026-11-29' };
    expect(await usage.days(range)).toEqual(['2026-11-28', '2026-11-29']);
    expect(await usage.days({ ...range, since: '2026-11-29' })).toEqual(['2026-11-29']);
    expect(await usage.sumDay('2026-11-28', { ...all, by: ['user', 'agent'] })).toMatchObject([
      { day: '2026-11-28', user: '=1+1', agentId: 'default/a', keyId: '', runs: 1, modelCalls: 1 },
    ]);
    expect(
      await usage.sumDay('2026-11-28', { by: ['upstream'], of: 'model_calls', limit: 10 }),
    ).toMatchObject([{ upstream: 'openai', runs: 0, modelCalls: 1 }]);
    expect(await usage.sumDay('2026-11-28', { ...all, by: ['day'] })).toMatchObject([
      { day: '2026-11-28', modelCalls: 1, inputTokens: 20 },
    ]);
  });

  test('is told page by page, in order', async () => {
    const { usage } = await open();
    const places = ['b', 'a', 'c', "d'"].flatMap((user) => [
      used({ user, model: 'n' }),
      used({ user, model: 'm' }),
    ]);
    await usage.add([...places, used({ user: 'a', keyId: 'key_2' })]);
    const told: string[] = [];
    let after: UsageRecord | undefined;
    do {
      const page = await usage.sumDay('2026-11-28', {
        ...all,
        by: ['user', 'model'],
        after,
        limit: 3,
      });
      told.push(
        page.map(({ user, model, modelCalls }) => `${user}${model}${modelCalls}`).join(' '),
      );
      after = page.at(-1);
    } while (after);
    expect(told).toEqual(['am2 an1 bm1', 'bn1 cm1 cn1', "d'm1 d'n1", '']);
  });

  test('names the models of a day that have no price', async () => {
    const { usage } = await open();
    const unknown = used({ model: 'x', upstream: 'local', unpricedCalls: 1, costNanoUsd: 0 });
    await usage.add([used(), unknown, { ...unknown, user: 'ann' }]);
    expect(await usage.unpriced('2026-11-28', 10)).toEqual([
      { agentId: 'default/a', upstream: 'local', model: 'x' },
    ]);
    expect(await usage.unpriced('2026-11-29', 10)).toEqual([]);
  });

  test('forgets the days before one', async () => {
    const { usage } = await open();
    await usage.add(['2026-01-01', '2026-01-02', '2026-01-03'].map((day) => used({ day })));
    expect(await usage.prune('2026-01-03')).toBe(2);
    expect(await usage.days({ since: '2026-01-01', until: '2026-12-31' })).toEqual(['2026-01-03']);
    expect(await usage.prune('2026-01-03')).toBe(0);
  });
}
