import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import type { GatewayEvent } from '../events.ts';
import type { DecisionRecord, Principal, Question, Rule } from '../protocol/policy.ts';
import { openStore } from '../storage/open-store.ts';
import { createDecisionLog, type DecisionLogDeps } from './decision-log.ts';

const nowMs = Date.parse('2026-11-22T10:00:00.123Z');

const key: Principal = {
  type: 'key',
  id: 'key_a',
  name: 'alice',
  role: 'caller',
  namespaces: null,
  agents: null,
};

const rule: Rule = {
  id: 'no-weather',
  effect: 'deny',
  action: 'call_tool',
  tier: 3,
  source: 'config',
  principals: ['*'],
  resources: ['weather'],
  reason: 'quota',
};

function decided(
  question: Partial<Question> = {},
  decision: { answer: 'allow' | 'deny'; rule: Rule | null } = { answer: 'deny', rule },
): GatewayEvent {
  return {
    type: 'access_decided',
    question: { principal: key, action: 'call_tool', resource: 'weather', ...question },
    decision,
    requestId: 'req_a',
  };
}

const loaded: GatewayEvent = {
  type: 'agent_loaded',
  agentId: 'default/a',
  modulePath: 'src/agents/A/agent.ts',
  generation: 1,
  loadMs: 5,
};

async function keeper(changes: Partial<DecisionLogDeps> = {}) {
  const store = await openStore(`sqlite:${join(await tempFolder(), 'gateway.db')}`);
  const faults: string[] = [];
  const keep = createDecisionLog({
    store: store.decisions,
    keep: () => ({ keepDays: 30, keepCount: 100 }),
    redact: (text) => text.replaceAll('S3CRET', '[secret]'),
    nowMs: () => nowMs,
    emit: (event) => {
      if (event.type === 'fault_survived') faults.push(`${event.where}: ${event.error}`);
    },
    ...changes,
  });
  onTestFinished(async () => {
    await keep.close();
    await store.close();
  });
  const kept = async () => (await store.decisions.list({ limit: 500 })).decisions;
  return { keep, store, kept, faults };
}

/** A store that takes nothing until it is mended. */
function awayStore() {
  const state = { isAway: true, tries: 0, records: [] as DecisionRecord[] };
  const store: DecisionLogDeps['store'] = {
    async append(records) {
      state.tries += 1;
      if (state.isAway) throw new Error('The store is away.');
      state.records.push(...records);
    },
    prune: async () => 0,
  };
  return { state, store };
}

test('keeps all that is known of a decision, within moments and unasked', async () => {
  const { keep, kept } = await keeper();
  keep.listener(loaded);
  keep.listener(decided({ context: { agent_id: 'default/a' } }));
  await expect.poll(kept).toEqual([
    {
      id: expect.stringMatching(/^dec_\d{26}$/),
      time: '2026-11-22T10:00:00.123Z',
      requestId: 'req_a',
      keyId: 'key_a',
      user: null,
      role: 'caller',
      action: 'call_tool',
      effect: 'deny',
      resource: 'weather',
      agentId: 'default/a',
      modulePath: 'src/agents/A/agent.ts',
      tool: 'weather',
      ruleId: 'no-weather',
      tier: 3,
      source: 'config',
      reason: 'quota',
    },
  ]);
});

test('tells who asked for what, by what kind of question it was', async () => {
  const { keep, kept } = await keeper();
  const agent: Principal = { type: 'agent', id: 'labs/b', key };
  keep.listener(decided({ action: 'run_agent', resource: 'default/a' }));
  keep.listener(decided({ principal: agent }));
  keep.listener(
    decided({
      principal: { type: 'agent', id: 'labs/b' },
      action: 'load_module',
      resource: 'src/agents/labs/B/agent.ts',
    }),
  );
  const none = { answer: 'deny', rule: null } as const;
  keep.listener(decided({ action: 'administer', resource: '/admin/agents' }, none));
  await keep.flush();
  const about = (await kept()).toReversed().map((one) => {
    return [one.keyId, one.agentId, one.modulePath, one.tool, one.tier];
  });
  expect(about).toEqual([
    ['key_a', 'default/a', null, null, 3],
    ['key_a', 'labs/b', null, 'weather', 3],
    [null, 'labs/b', 'src/agents/labs/B/agent.ts', null, 3],
    ['key_a', null, null, null, 8],
  ]);
});

test('keeps no secret that a caller asked for, and no text without end', async () => {
  const { keep, kept } = await keeper();
  keep.listener(decided({ action: 'run_agent', resource: `S3CRET${'x'.repeat(5000)}` }));
  await keep.flush();
  const [one] = await kept();
  expect(one?.resource).toBe(`[secret]${'x'.repeat(294)}…`);
  expect(one?.agentId).toBe(one?.resource);
});

test('keeps many in their order, those of the same moment too', async () => {
  const { keep, kept } = await keeper();
  for (let index = 0; index < 499; index++) keep.listener(decided({ resource: `tool_${index}` }));
  await keep.flush();
  const resources = (await kept()).map(({ resource }) => resource);
  expect(resources).toEqual(Array.from({ length: 499 }, (_, index) => `tool_${498 - index}`));
});

test('waits for a store that is away, says so once and loses nothing', async () => {
  const { state, store } = awayStore();
  const { keep, faults } = await keeper({ store });
  keep.listener(decided({ resource: 'a' }));
  await keep.flush();
  keep.listener(decided({ resource: 'b' }));
  await keep.flush();
  expect([state.tries, faults]).toEqual([2, ['decision log: Error: The store is away.']]);
  state.isAway = false;
  await expect.poll(() => state.records.map(({ resource }) => resource)).toEqual(['a', 'b']);
});

test('holds no more than 10,000 for a store that is away, and tells how many it lost', async () => {
  const { state, store } = awayStore();
  const { keep, faults } = await keeper({ store });
  keep.listener(decided());
  await keep.flush();
  for (let index = 0; index < 10_006; index++) keep.listener(decided());
  state.isAway = false;
  await keep.flush();
  expect(state.records).toHaveLength(10_000);
  expect(faults).toEqual([
    'decision log: Error: The store is away.',
    'decision log: Error: 7 decisions were not kept: the store could not take them.',
  ]);
});

test('drops no denial and nothing administered, however much was allowed before', async () => {
  const { state, store } = awayStore();
  const { keep } = await keeper({ store });
  const allowed = { answer: 'allow', rule: null } as const;
  for (let index = 0; index < 10_001; index++) keep.listener(decided({}, allowed));
  keep.listener(decided());
  keep.listener(decided({ action: 'administer', resource: '/agents/refresh' }, allowed));
  state.isAway = false;
  await keep.flush();
  expect(state.records).toHaveLength(10_002);
  expect(state.records.slice(0, 2).map(({ resource }) => resource)).toEqual([
    'weather',
    '/agents/refresh',
  ]);
});

test('drops what a key has most of for what another has little of', async () => {
  const { state, store } = awayStore();
  const { keep } = await keeper({ store });
  const other = { ...key, id: 'key_b' } as const;
  for (let index = 0; index < 10_006; index++) keep.listener(decided());
  for (let index = 0; index < 9; index++) keep.listener(decided({ principal: other }));
  state.isAway = false;
  await keep.flush();
  expect(state.records).toHaveLength(10_000);
  expect(state.records.slice(-10).map(({ keyId }) => keyId)).toEqual([
    'key_a',
    ...Array(9).fill('key_b'),
  ]);
});

test('tells of how many a decision stands', async () => {
  const { keep, kept } = await keeper();
  keep.listener({ ...decided(), times: 7 } as GatewayEvent);
  await keep.flush();
  expect((await kept())[0]?.reason).toBe(
    'The last of 7 more such decisions, which are not told one by one.',
  );
});

test('tells at the end what it could not write', async () => {
  const { keep, faults } = await keeper({ store: awayStore().store });
  keep.listener(decided());
  await keep.close();
  expect(faults).toEqual([
    'decision log: Error: The store is away.',
    'decision log: Error: 1 decisions were not kept: the store could not take them.',
  ]);
});

test('removes what is too old or too much, now and then', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  let time = nowMs - 31 * 86_400_000;
  const { keep, kept } = await keeper({ nowMs: () => time });
  keep.listener(decided({ resource: 'old' }));
  time = nowMs;
  for (let index = 0; index < 99; index++) keep.listener(decided());
  await keep.flush();
  expect(await kept()).toHaveLength(100);
  vi.advanceTimersByTime(300_000);
  await expect.poll(async () => (await kept()).length).toBe(99);
});
