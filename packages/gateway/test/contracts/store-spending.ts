import { expect, test } from 'vitest';
import type { Reservation, Store } from '../../src/protocol/store.ts';
import type { OpenAgain } from './store-contract.ts';

const seconds = (iso: string) => Date.parse(iso) / 1000;
const now = seconds('2026-11-29T10:00:00Z') + 0.25;
const midnight = seconds('2026-11-30T00:00:00Z');
const nextMonth = seconds('2026-12-01T00:00:00Z');
const exhaustedDay = { type: 'exhausted', period: 'day' };
const exhaustedMonth = { type: 'exhausted', period: 'month' };

/** What every store does with the budgets of keys. */
export function spendingTests(open: OpenAgain): void {
  test('that is set aside counts until it is settled, then what was used counts', async () => {
    const store = await open();
    expect(await reserve(store, 'call_a', { tokens: 80 })).toEqual({ type: 'reserved' });
    expect(await store.spending.spent('key_a', now)).toEqual({ day: 0, month: 0, reserved: 80 });
    expect(await reserve(store, 'call_b', { tokens: 30 })).toEqual(exhaustedDay);
    await settle(store, 'call_a', 50);
    expect(await store.spending.spent('key_a', now)).toEqual({ day: 50, month: 50, reserved: 0 });
    expect(await reserve(store, 'call_b', { tokens: 50 })).toEqual({ type: 'reserved' });
    expect(await reserve(store, 'call_c', { tokens: 1 })).toEqual(exhaustedDay);
  });

  test('of a call that used nothing is given back', async () => {
    const store = await open();
    await reserve(store, 'call_a', { tokens: 100 });
    await settle(store, 'call_a', 0);
    expect(await store.spending.spent('key_a', now)).toEqual({ day: 0, month: 0, reserved: 0 });
  });

  test('is booked once, however often a call is settled', async () => {
    const store = await open();
    await reserve(store, 'call_a', { tokens: 10 });
    await Promise.all([settle(store, 'call_a', 7), settle(store, 'call_a', 7)]);
    await settle(await open(), 'call_a', 9);
    expect(await store.spending.spent('key_a', now)).toEqual({ day: 7, month: 7, reserved: 0 });
  });

  test('is set aside once for a call that asks again, since its answer got lost', async () => {
    const store = await open();
    await reserve(store, 'call_a', { tokens: 40 });
    expect(await reserve(store, 'call_a', { tokens: 40 })).toEqual({ type: 'reserved' });
    expect(await store.spending.spent('key_a', now)).toEqual({ day: 0, month: 0, reserved: 40 });
  });

  test('of a call that nobody set anything aside for is booked all the same', async () => {
    const store = await open();
    await settle(store, 'call_x', 120);
    expect(await reserve(store, 'call_a', { tokens: 1 })).toEqual(exhaustedDay);
    await settle(store, 'call_x', 120);
    expect(await store.spending.spent('key_a', now)).toMatchObject({ day: 120 });
  });

  test.each([1e19, 1e300, Number.POSITIVE_INFINITY])(
    'never fits where it is as large as %d',
    async (tokens) => {
      const store = await open();
      expect(await reserve(store, 'call_a', { tokens })).toEqual(exhaustedDay);
      expect(await store.spending.spent('key_a', now)).toEqual({ day: 0, month: 0, reserved: 0 });
    },
  );

  test('that nobody settles is free again when its lease ends', async () => {
    const store = await open();
    await reserve(store, 'call_a', { tokens: 100, leaseSeconds: 60 });
    expect(await reserve(store, 'call_b', { tokens: 100, nowSeconds: now + 59 })).toEqual(
      exhaustedDay,
    );
    const later = now + 61;
    expect(await store.spending.spent('key_a', later)).toMatchObject({ reserved: 0 });
    expect(await reserve(store, 'call_b', { tokens: 100, nowSeconds: later })).toEqual({
      type: 'reserved',
    });
    // The call was only slow: what it used counts.
    await settle(store, 'call_a', 30, later);
    expect(await store.spending.spent('key_a', later)).toMatchObject({ day: 30, reserved: 100 });
  });

  test('that is renewed stays set aside beyond its lease, until its call is settled', async () => {
    const store = await open();
    await reserve(store, 'call_a', { tokens: 60, leaseSeconds: 60 });
    await reserve(store, 'call_b', { tokens: 40, leaseSeconds: 60 });
    await settle(store, 'call_b', 10);
    await (await open()).spending.renew(['call_a', 'call_b', 'call_x'], now + 120);
    const later = now + 119;
    expect(await store.spending.spent('key_a', later)).toMatchObject({ day: 10, reserved: 60 });
    await settle(store, 'call_a', 20, later);
    expect(await store.spending.spent('key_a', later)).toMatchObject({ day: 30, reserved: 0 });
    await store.spending.renew([], now + 120);
  });

  test('begins anew with the UTC day and with the month', async () => {
    const store = await open();
    const limits = { tokensPerDay: 100, tokensPerMonth: 150 };
    await settle(store, 'call_a', 100);
    expect(await reserve(store, 'call_b', { tokens: 1, limits })).toEqual(exhaustedDay);
    expect(await reserve(store, 'call_b', { tokens: 51, limits })).toEqual(exhaustedMonth);
    await settle(store, 'call_c', 40, midnight);
    expect(await store.spending.spent('key_a', midnight)).toMatchObject({ day: 40, month: 140 });
    expect(await reserve(store, 'call_d', { tokens: 11, limits, nowSeconds: midnight })).toEqual(
      exhaustedMonth,
    );
    expect(await store.spending.spent('key_a', nextMonth)).toMatchObject({ day: 0, month: 0 });
    expect(await reserve(store, 'call_e', { tokens: 100, limits, nowSeconds: nextMonth })).toEqual({
      type: 'reserved',
    });
  });

  test('is not taken back by a gateway whose clock is behind', async () => {
    const store = await open();
    await settle(store, 'call_a', 60, midnight);
    await settle(await open(), 'call_b', 60, midnight - 1);
    expect(await store.spending.spent('key_a', midnight)).toMatchObject({ day: 120, month: 120 });
  });

  test('has no bound where a key has no budget, and none of another key', async () => {
    const store = await open();
    const limits = { tokensPerDay: null, tokensPerMonth: null };
    await settle(store, 'call_a', 1_000_000_000_000);
    expect(await reserve(store, 'call_b', { tokens: 5, limits })).toEqual({ type: 'reserved' });
    expect(await reserve(store, 'call_c', { tokens: 100, keyId: 'key_b' })).toEqual({
      type: 'reserved',
    });
  });

  test('of 1,000 calls, far more at once than it has connections, admits exactly those that fit', async () => {
    const stores = await Promise.all([open(), open()]);
    // In lanes: how long all of them would wait for a connection depends on the machine.
    const lanes = Array.from({ length: 50 }, async (_, lane) => {
      const answers: { readonly type: string }[] = [];
      for (let call = lane; call < 1000; call += 50) {
        answers.push(await reserve(stores[lane % 2]!, `call_${call}`, { tokens: 3 }));
      }
      return answers;
    });
    const results = (await Promise.all(lanes)).flat();
    expect(results.filter(({ type }) => type === 'reserved')).toHaveLength(33);
    expect(await stores[0]!.spending.spent('key_a', now)).toEqual({
      day: 0,
      month: 0,
      reserved: 99,
    });
  });
}

function reserve(store: Store, id: string, changes: Partial<Reservation>) {
  return store.spending.reserve({
    id,
    keyId: 'key_a',
    tokens: 1,
    nowSeconds: now,
    leaseSeconds: 600,
    limits: { tokensPerDay: 100, tokensPerMonth: null },
    ...changes,
  });
}

function settle(store: Store, id: string, tokens: number, nowSeconds = now): Promise<void> {
  return store.spending.settle({ id, keyId: 'key_a', tokens, nowSeconds });
}
