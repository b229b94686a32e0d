import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { GatewayEvent } from '../../events.ts';
import type { KeyLimits } from '../../protocol/policy.ts';
import { openStore } from '../../storage/open-store.ts';
import { StoreError } from '../../storage/store-error.ts';
import { type BudgetUnit, moneyUnit } from './budget-units.ts';
import { createBudgets } from './budgets.ts';
import { noLimits } from './key-limits.ts';

/** 2026-11-22T16:00:00Z */
const NOW = 1_795_363_200;

/** Budgets over a real store; `key_old` was replaced by `key_new`. */
async function open(limits: Partial<KeyLimits>, unit?: BudgetUnit) {
  const store = await openStore(`sqlite:${join(await tempFolder(), 'gateway.db')}`);
  onTestFinished(() => store.close());
  const clock = { seconds: NOW };
  const told: GatewayEvent[] = [];
  let isAway = false;
  const reach = <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) => {
    return async (...args: Args) => {
      if (isAway) throw new StoreError('The store is away.');
      return work(...args);
    };
  };
  const budgets = createBudgets(
    {
      spending: {
        reserve: reach(store.spending.reserve),
        settle: reach(store.spending.settle),
        renew: reach(store.spending.renew),
        spent: reach(store.spending.spent),
      },
      limitsOf: (keyId) =>
        keyId === 'key_free'
          ? { account: keyId, limits: noLimits }
          : keyId.startsWith('key_')
            ? { account: 'key_old', limits: { ...noLimits, ...limits } }
            : null,
      nowSeconds: () => clock.seconds,
      emit: (event) => told.push(event),
    },
    unit,
  );
  const spent = () => store.spending.spent('key_old', clock.seconds);
  return {
    budgets,
    store,
    clock,
    told,
    spent,
    setAway(away: boolean) {
      isAway = away;
    },
  };
}

const usedUp = (period: 'day' | 'month', begins: string) => ({
  code: 'quota_exhausted',
  mayRetry: false,
  message: `The tokens of this key for the ${period} are used up. The next ${period} begins at ${begins}.`,
});

describe('a budget', () => {
  test('tells what is left of it, reserved tokens taken off, of the keys that have one', async () => {
    const { budgets, spent, setAway } = await open({ tokensPerDay: 100, tokensPerMonth: 1000 });
    const booking = await budgets.reserve('key_new', () => 30);
    booking?.settle(20);
    await expect.poll(spent).toMatchObject({ day: 20, reserved: 0 });
    await budgets.reserve('key_new', () => 50);
    const keys = ['key_free', 'key_new', 'nobody'];
    expect(await budgets.left(keys)).toEqual([
      { keyId: 'key_new', period: 'day', left: 30 },
      { keyId: 'key_new', period: 'month', left: 930 },
    ]);
    setAway(true);
    expect(await budgets.left(keys)).toEqual([]);
  });

  test('costs a key without one, and whoever is no key, nothing', async () => {
    const { budgets } = await open({ tokensPerDay: 10 });
    const estimate = () => {
      throw new Error('Not to be asked.');
    };
    expect(budgets.reserve('key_free', estimate)).toBeNull();
    expect(budgets.reserve('local_cli', estimate)).toBeNull();
    expect([budgets.hasBudget('key_free'), budgets.hasBudget('key_new')]).toEqual([false, true]);
    await budgets.check('key_free');
  });

  test('books what was used in place of what was set aside, once', async () => {
    const { budgets, spent } = await open({ tokensPerDay: 1000 });
    const booking = await budgets.reserve('key_new', () => 99.2);
    expect(await spent()).toEqual({ day: 0, month: 0, reserved: 100 });
    booking?.settle(41.5);
    booking?.settle(0);
    await budgets.close();
    expect(await spent()).toEqual({ day: 42, month: 42, reserved: 0 });
  });

  test('admits as many calls at once as fit, and exactly those', async () => {
    const { budgets, spent } = await open({ tokensPerMonth: 500 });
    const attempts = Array.from({ length: 60 }, async () => budgets.reserve('key_new', () => 50));
    const results = await Promise.allSettled(attempts);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    expect(await spent()).toEqual({ day: 0, month: 0, reserved: 500 });
  });

  test('is one for a key and those it replaced', async () => {
    const { budgets } = await open({ tokensPerDay: 100 });
    await budgets.reserve('key_old', () => 60);
    await expect(budgets.reserve('key_new', () => 60)).rejects.toMatchObject({
      code: 'quota_exhausted',
    });
  });

  test('of a day begins anew with the UTC day, one of a month with the month', async () => {
    const { budgets, clock } = await open({ tokensPerDay: 100, tokensPerMonth: 150 });
    (await budgets.reserve('key_new', () => 100))?.settle(100);
    await budgets.close();
    const nextDay = usedUp('day', '2026-11-23T00:00Z');
    await expect(budgets.reserve('key_new', () => 7)).rejects.toMatchObject({
      ...nextDay,
      message:
        'A model call of this run may take 7 tokens, and fewer are left of the 100 that this key has for the day. The next day begins at 2026-11-23T00:00Z.',
    });
    await expect(budgets.check('key_new')).rejects.toMatchObject({
      ...nextDay,
      retryAfterSeconds: 8 * 3600,
    });
    clock.seconds += 8 * 3600;
    await budgets.check('key_new');
    (await budgets.reserve('key_new', () => 50))?.settle(50);
    await budgets.close();
    const nextMonth = usedUp('month', '2026-12-01T00:00Z');
    await expect(budgets.check('key_new')).rejects.toMatchObject(nextMonth);
    await expect(budgets.reserve('key_new', () => 1)).rejects.toMatchObject({
      ...nextMonth,
      message: expect.stringContaining('fewer are left of the 150 that this key has for the month'),
    });
    clock.seconds += 8 * 86_400;
    await budgets.check('key_new');
  });

  test('keeps what is set aside for a call that goes on, however long, and no longer', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const { budgets, clock, spent } = await open({ tokensPerDay: 100 });
    const booking = await budgets.reserve('key_new', () => 100);
    for (let minute = 0; minute < 60; minute++) {
      clock.seconds += 60;
      await vi.advanceTimersByTimeAsync(60_000);
      await expect(budgets.reserve('key_new', () => 1)).rejects.toMatchObject({
        code: 'quota_exhausted',
      });
    }
    booking?.settle(30);
    await budgets.close();
    expect(await spent()).toMatchObject({ day: 30, reserved: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  test('frees by itself what a gateway that was killed had set aside', async () => {
    const { budgets, clock } = await open({ tokensPerDay: 100 });
    await budgets.reserve('key_new', () => 100);
    clock.seconds += 899;
    await expect(budgets.reserve('key_new', () => 1)).rejects.toThrow();
    clock.seconds += 1;
    expect(await budgets.reserve('key_new', () => 100)).not.toBeNull();
  });
});

describe('a budget in money', () => {
  test('is kept apart from the tokens of its key, and named in dollars', async () => {
    const { budgets, store, clock } = await open({ usdPerDay: 0.5, tokensPerDay: 10 }, moneyUnit);
    const booking = await budgets.reserve('key_new', () => 400_000_000);
    await expect(budgets.reserve('key_new', () => 100_000_001)).rejects.toMatchObject({
      code: 'quota_exhausted',
      message:
        'A model call of this run may take $0.1, and less is left of the $0.5 that this key has for the day. The next day begins at 2026-11-23T00:00Z.',
    });
    booking?.settle(500_000_000);
    await budgets.close();
    await expect(budgets.check('key_new')).rejects.toMatchObject({
      message:
        'The US dollars of this key for the day are used up. The next day begins at 2026-11-23T00:00Z.',
    });
    expect(await store.spending.spent('key_old', clock.seconds)).toMatchObject({ day: 0 });
  });
});

describe('a store that is away', () => {
  test('admits no call of a key with a budget', async () => {
    const { budgets, setAway } = await open({ tokensPerDay: 100 });
    setAway(true);
    const away = { code: 'store_unavailable', cause: expect.any(StoreError) };
    await expect(budgets.reserve('key_new', () => 1)).rejects.toMatchObject(away);
    await expect(budgets.check('key_new')).rejects.toMatchObject(away);
  });

  test('gets what calls used as soon as it is back, which is told once', async () => {
    const { budgets, spent, setAway, told } = await open({ tokensPerDay: 1000 });
    const bookings = await Promise.all([1, 2, 3].map(() => budgets.reserve('key_new', () => 100)));
    setAway(true);
    for (const booking of bookings) booking?.settle(7);
    await expect.poll(() => told.length).toBe(1);
    expect(told).toMatchObject([{ type: 'fault_survived', where: 'booking tokens' }]);
    expect(await spent()).toMatchObject({ day: 0, reserved: 300 });
    setAway(false);
    await expect.poll(spent).toEqual({ day: 21, month: 21, reserved: 0 });
    await budgets.close();
  });

  test('does not keep a gateway from its end', async () => {
    const { budgets, setAway } = await open({ tokensPerDay: 1000 });
    const booking = await budgets.reserve('key_new', () => 100);
    setAway(true);
    booking?.settle(7);
    await budgets.close();
  });
});
