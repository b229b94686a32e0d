import { join } from 'node:path';
import { expect } from 'vitest';
import { usageAnswer } from '../../src/protocol/admin/usage-answer.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { until } from '../acceptance/until.ts';
import { type KeyName, keyNames } from './planned-request.ts';
import type { StormGateway } from './storm-gateway.ts';

/** What a call may have cost that was left: what it sent, and the longest answer that it is allowed (4,096 tokens). */
const MOST_OF_CALL = 4700;

const DAY_SECONDS = 86_400;

/**
 * Expects that the store has each model call once: as it was told by the upstream where it was answered, and without tokens
 * where it was left. From a budget, one that was left takes what was set aside at most, and nothing stays set aside.
 *
 * @param left - Requests that their callers left.
 */
export async function expectBookedOnce(
  storm: StormGateway,
  { begunAtSeconds, left }: { readonly begunAtSeconds: number; readonly left: number },
): Promise<void> {
  const rows = await usageByKey(storm, begunAtSeconds);
  for (const name of keyNames) {
    const { answered, input, output } = storm.upstream.told.get(name) ?? nothing;
    const row = rows.get(storm.keys[name].id);
    expect({ name, ...row }).toMatchObject({
      name,
      input_tokens: input,
      output_tokens: output,
      failed_calls: 0,
      model_calls: answered + (row?.aborted_calls ?? 0),
    });
  }
  expect(rows.get(storm.keys.counted.id)?.aborted_calls).toBe(0);
  await expectBudgetsBooked(storm, { begunAtSeconds, left });
}

const nothing = { calls: 0, answered: 0, input: 0, output: 0 };

async function usageByKey({ gateway }: StormGateway, begunAtSeconds: number) {
  const since = new Date(begunAtSeconds * 1000).toISOString().slice(0, 10);
  const response = await gateway.fetch(`/admin/usage?by=key&since=${since}`);
  const { rows } = usageAnswer.parse(await response.json());
  return new Map(rows.map((row) => [row.key_id ?? '', row]));
}

async function expectBudgetsBooked(
  { gateway, upstream, keys }: StormGateway,
  { begunAtSeconds, left }: { readonly begunAtSeconds: number; readonly left: number },
): Promise<void> {
  // As another gateway would see it.
  const store = await openStore(`sqlite:${join(gateway.project.root, '.dropgate/gateway.db')}`);
  const spentBy = async (name: KeyName) => {
    const spent = { used: 0, reserved: 0 };
    for (let at = begunAtSeconds; at < Date.now() / 1000 + DAY_SECONDS; at += DAY_SECONDS) {
      const { day, reserved } = await store.spending.spent(keys[name].id, at);
      spent.used += day;
      spent.reserved = reserved;
    }
    return spent;
  };
  const toldTo = (name: KeyName) => {
    const { input, output } = upstream.told.get(name) ?? nothing;
    return input + output;
  };
  try {
    await until('nothing to be set aside', async () => {
      const all = await Promise.all([spentBy('counted'), spentBy('leaving')]);
      return all.every(({ reserved }) => reserved === 0);
    });
    expect((await spentBy('counted')).used).toBe(toldTo('counted'));
    const { used } = await spentBy('leaving');
    expect(used).toBeGreaterThan(toldTo('leaving'));
    expect(used).toBeLessThan(toldTo('leaving') + left * MOST_OF_CALL);
  } finally {
    await store.close();
  }
}
