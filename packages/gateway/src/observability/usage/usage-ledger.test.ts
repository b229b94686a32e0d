import { expect, test } from 'vitest';
import type { EventOf } from '../../events.ts';
import type { UsageRecord } from '../../protocol/usage/usage.ts';
import { createUsageLedger } from './usage-ledger.ts';

const call: EventOf<'model_called'> = {
  type: 'model_called',
  spanId: null,
  user: 'ann',
  costNanoUsd: 700,
  agentId: 'default/a',
  runId: 'run_1',
  keyId: 'key_1',
  requestId: 'req_1',
  modulePath: 'src/agents/A/agent.ts',
  generation: 3,
  upstream: 'openai',
  path: '/v1/responses',
  model: 'm',
  status: 200,
  outcome: 'ok',
  attempts: 1,
  durationMs: 10,
  usage: {
    requests: 1,
    inputTokens: 10,
    outputTokens: 5,
    cachedInputTokens: 2,
    reasoningTokens: 1,
  },
  error: null,
  code: null,
  firstByteMs: 4,
  body: null,
  answer: null,
};

const noon = Date.UTC(2026, 10, 28, 12);

/** A ledger over a store that takes what it is given, unless it is away. */
function ledgerOver(options: { isAway?: boolean } = {}) {
  const rows = new Map<string, UsageRecord>();
  const faults: unknown[] = [];
  const written: UsageRecord[] = [];
  const clock = { nowMs: noon };
  const ledger = createUsageLedger({
    store: {
      async add(records) {
        if (options.isAway) throw new Error('The store is away.');
        written.push(...records);
        for (const record of records) {
          const { day, keyId, agentId, model, upstream, user } = record;
          const id = [day, keyId, agentId, model, upstream, user].join('|');
          const calls = (rows.get(id)?.modelCalls ?? 0) + record.modelCalls;
          rows.set(id, { ...record, modelCalls: calls });
        }
      },
      prune: async () => 0,
    },
    keepDays: () => 1,
    redact: () => (text) => text.replaceAll('secret', '[secret]'),
    nowMs: () => clock.nowMs,
    emit: (event) => faults.push(event.type),
  });
  return { ledger, rows, written, faults, clock, options };
}

test('sums by key, agent, model, upstream, user and UTC day, without secrets', async () => {
  const { ledger, rows, clock } = ledgerOver();
  ledger.listener(call);
  ledger.listener({ ...call, outcome: 'failed', usage: null, costNanoUsd: 0 });
  ledger.listener({ ...call, keyId: null, user: null, model: 'a-secret', costNanoUsd: null });
  clock.nowMs += 12 * 3_600_000;
  ledger.listener(call);
  await ledger.close();
  expect([...rows.keys()]).toEqual([
    '2026-11-28|key_1|default/a|m|openai|ann',
    '2026-11-28||default/a|a-[secret]|openai|',
    '2026-11-29|key_1|default/a|m|openai|ann',
  ]);
  expect([...rows.values()]).toMatchObject([
    { modelCalls: 2, failedCalls: 1, inputTokens: 10, outputTokens: 5, costNanoUsd: 700 },
    { modelCalls: 1, costNanoUsd: 0, unpricedCalls: 1 },
    { modelCalls: 1, costNanoUsd: 700 },
  ]);
});

test('keeps what a store does not take, says so once, and adds it when the store is back', async () => {
  const { ledger, rows, faults, options } = ledgerOver({ isAway: true });
  ledger.listener(call);
  await ledger.flush();
  ledger.listener(call);
  await ledger.flush();
  expect([rows.size, faults]).toEqual([0, ['fault_survived']]);
  options.isAway = false;
  await ledger.close();
  expect([...rows.values()]).toMatchObject([{ modelCalls: 2 }]);
});

test('holds no more the longer its store is away', async () => {
  const { ledger, rows, written, options } = ledgerOver({ isAway: true });
  for (let second = 0; second < 20; second += 1) {
    ledger.listener(call);
    await ledger.flush();
  }
  options.isAway = false;
  await ledger.close();
  expect(written).toHaveLength(2);
  expect([...rows.values()]).toMatchObject([{ modelCalls: 20 }]);
});

test('counts hostile names of models and users together, whatever one key makes up', async () => {
  const { ledger, rows } = ledgerOver();
  for (let index = 0; index < 3000; index += 1)
    ledger.listener({ ...call, model: `${index}${'m'.repeat(1000)}`, user: `${index}` });
  ledger.listener({ ...call, keyId: 'key_2' });
  await ledger.close();
  expect(rows.size).toBe(2002);
  expect(rows.get('2026-11-28|key_1|default/a|other|openai|other')).toMatchObject({
    modelCalls: 1000,
  });
  expect(rows.get('2026-11-28|key_2|default/a|m|openai|ann')).toMatchObject({ modelCalls: 1 });
  expect(Math.max(...[...rows.values()].map(({ model }) => model.length))).toBe(128);
});
