import { expect, test } from 'vitest';
import type { OpenAgain } from './store-contract.ts';

const at = (nowMs: number) => ({ nowMs, lengthMs: 60_000 });

/** What every store does with the requests of keys. */
export function rateTests(open: OpenAgain): void {
  test('are counted for each account, in a window that begins with its first', async () => {
    const { rates } = await open();
    expect(await rates.count('key_a', at(1_000_000.7))).toEqual({
      requests: 1,
      endsAtMs: 1_060_000,
    });
    expect(await rates.count('key_a', at(1_059_999))).toEqual({ requests: 2, endsAtMs: 1_060_000 });
    expect(await rates.count('key_b', at(1_059_999))).toEqual({ requests: 1, endsAtMs: 1_119_999 });
    expect(await rates.count('key_a', at(1_060_000))).toEqual({ requests: 1, endsAtMs: 1_120_000 });
  });

  test('are counted exactly, whoever counts them at once', async () => {
    const stores = await Promise.all([open(), open()]);
    const counts = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        stores[index % 2]!.rates.count('key_a', at(1_000_000)),
      ),
    );
    const requests = counts.map((count) => count.requests).toSorted((a, b) => a - b);
    expect(requests).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
  });
}
