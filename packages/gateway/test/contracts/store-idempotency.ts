import { expect, test } from 'vitest';
import type { IdempotentRequest, KeptReply } from '../../src/protocol/state/idempotency.ts';
import type { OpenAgain } from './store-contract.ts';

const request: Omit<IdempotentRequest, 'reply' | 'wantedUntilMs'> = {
  id: 'a'.repeat(64),
  keyId: 'key_a',
  user: null,
  bodyHash: 'b'.repeat(64),
  requestId: 'req_1',
  createdMs: 1_800_000_000_000,
  holder: 'gateway_a',
  aliveUntilMs: 1_800_000_060_000,
};
const going: IdempotentRequest = { ...request, wantedUntilMs: 0, reply: null };

const reply: KeptReply = {
  form: 'json',
  status: 200,
  headers: { 'x-conversation-id': 'conv_1' },
  body: '{"id":"grün 🙂"}',
};
const plenty = { requests: 1000, bytes: 1_000_000 };
const atOnce = { beforeMs: 0, nowMs: 1_900_000_000_000, ofKey: plenty, ofAll: plenty };

/** What every store does with requests that may come again. */
export function idempotencyTests(open: OpenAgain): void {
  test('are begun once, also by many at once', async () => {
    const stores = await Promise.all([open(), open()]);
    const begun = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        stores[index % 2]?.idempotency.begin({ ...request, holder: `gateway_${index}` }, 0),
      ),
    );
    expect(begun.filter((found) => found === null)).toHaveLength(1);
    const holders = new Set(begun.flatMap((found) => (found ? [found.holder] : [])));
    expect(holders.size).toBe(1);
  });

  test('are found with the answer that was kept, exactly as it was', async () => {
    const { idempotency } = await open();
    expect(await idempotency.begin(request, 0)).toBeNull();
    expect(await idempotency.find(request.id)).toEqual(going);
    await idempotency.keep(request.id, 'gateway_b', { ...reply, status: 500 });
    expect(await idempotency.find(request.id)).toEqual(going);
    await idempotency.keep(request.id, 'gateway_a', reply);
    const answered = { ...going, aliveUntilMs: null, reply };
    const other = (await open()).idempotency;
    expect(await other.begin({ ...request, holder: 'gateway_b' }, 0)).toEqual(answered);
    expect(await other.find('c')).toBeNull();
  });

  test('say that they go on and are wanted, until they are answered or forgotten', async () => {
    const { idempotency } = await open();
    await idempotency.begin(request, 0);
    await idempotency.renew([request.id], 5000);
    await idempotency.want(request.id, 6000);
    const renewed = { aliveUntilMs: 5000, wantedUntilMs: 6000 };
    expect(await idempotency.find(request.id)).toEqual({ ...going, ...renewed });
    await idempotency.keep(request.id, 'gateway_a', reply);
    await idempotency.renew([request.id], 7000);
    expect(await idempotency.find(request.id)).toMatchObject({ aliveUntilMs: null });
    await idempotency.drop(request.id, 'gateway_b');
    expect(await idempotency.find(request.id)).not.toBeNull();
    await idempotency.drop(request.id, 'gateway_a');
    expect(await idempotency.begin(request, 0)).toBeNull();
  });

  test('are begun anew once they have expired', async () => {
    const { idempotency } = await open();
    await idempotency.begin(request, 0);
    await idempotency.keep(request.id, 'gateway_a', reply);
    const later = { ...request, createdMs: request.createdMs + 10, requestId: 'req_2' };
    expect(await idempotency.begin(later, request.createdMs - 1)).toMatchObject({ reply });
    expect(await idempotency.begin(later, request.createdMs)).toBeNull();
    expect(await idempotency.find(request.id)).toEqual({ ...going, ...later });
  });

  test('are removed by age, and by what each key and all may have, the oldest first', async () => {
    const { idempotency } = await open();
    const add = async (id: string, keyId: string, createdMs: number) => {
      await idempotency.begin({ ...request, id, keyId, createdMs }, 0);
      await idempotency.keep(id, 'gateway_a', { ...reply, headers: {}, body: 'x'.repeat(98) });
    };
    await add('old', 'key_a', 10);
    for (const at of [1, 2, 3]) await add(`a${at}`, 'key_a', 100 + at);
    for (const at of [1, 2]) await add(`b${at}`, 'key_b', 100 + at);
    await idempotency.begin({ ...request, id: 'going', createdMs: 5 }, 0);
    const left = async () => {
      const ids = ['old', 'going', 'a1', 'a2', 'a3', 'b1', 'b2'];
      const found = await Promise.all(ids.map((id) => idempotency.find(id)));
      return ids.filter((_, at) => found[at]);
    };
    const limits = { ...atOnce, beforeMs: 100, nowMs: 1000 };
    await idempotency.prune(limits);
    expect(await left()).toEqual(['going', 'a1', 'a2', 'a3', 'b1', 'b2']);
    await idempotency.prune({ ...limits, ofKey: { requests: 3, bytes: 10_000 } });
    expect(await left()).toEqual(['going', 'a2', 'a3', 'b1', 'b2']);
    await idempotency.prune({ ...limits, ofKey: { requests: 100, bytes: 100 } });
    expect(await left()).toEqual(['going', 'a3', 'b2']);
    await idempotency.prune({ ...limits, ofAll: { requests: 2, bytes: 10_000 } });
    expect(await left()).toEqual(['going', 'a3']);
    await idempotency.prune({ ...atOnce, ofAll: { requests: 0, bytes: 0 } });
    expect(await left()).toEqual([]);
  });
}
