import { expect, test } from 'vitest';
import { runIdTime } from '../../src/protocol/journal/journal.ts';
import type { Store } from '../../src/protocol/store.ts';
import type { OpenAgain } from './store-contract.ts';
import { decision } from './store-samples.ts';

const nowMs = 1_800_000_000_000;
const day = '2027-01-15';

/** Something of every kind, of a key and a user; `name` keeps ids apart. */
async function keepSome(store: Store, name: string, keyId: string, user: string | null) {
  const of = { keyId, user };
  await store.turns.conversations.create({
    ...of,
    id: `conv_${name}`,
    agentId: null,
    createdMs: nowMs,
    metadata: {},
    headId: null,
  });
  await store.turns.put({
    ...of,
    id: `resp_${name}`,
    agentId: 'default/a',
    previousId: null,
    conversationId: `conv_${name}`,
    createdMs: nowMs,
    status: 'completed',
    input: [],
    output: [],
    answer: '{}',
    aliveUntilMs: null,
    events: null,
    prefixHash: null,
  });
  const runId = `run_${runIdTime(nowMs)}${name.padEnd(13, '0')}`;
  const about = { agentId: 'default/a', modulePath: 'src/agents/A/agent.ts', generation: 1 };
  await store.journal.write({
    runs: [
      {
        ...of,
        ...about,
        id: runId,
        startedMs: nowMs,
        requestId: 'req_1',
        replayOf: null,
        resumes: null,
        gateway: null,
        outcome: 'finished',
        code: null,
        durationMs: 1,
        usage: null,
        recorded: 'steps',
        steps: 1,
        bytes: 2,
        costNanoUsd: 0,
        unpricedCalls: 0,
      },
    ],
    chunks: [{ runId, firstStep: 0, steps: '[]', contents: null }],
  });
  const calls = { runs: 1, modelCalls: 0, failedCalls: 0, abortedCalls: 0, unpricedCalls: 0 };
  const tokens = { inputTokens: 0, outputTokens: 0, cachedInputTokens: 0, reasoningTokens: 0 };
  await store.usage.add([
    {
      ...calls,
      ...tokens,
      costNanoUsd: 0,
      day,
      keyId,
      agentId: 'default/a',
      model: '',
      upstream: '',
      user: user ?? '',
    },
  ]);
  await store.decisions.append([
    { ...decision, ...of, id: `dec_a_${name}` },
    { ...decision, ...of, id: `dec_b_${name}`, effect: 'allow', action: 'run_agent' },
  ]);
  await store.approvals.keep(
    {
      run: {
        ...of,
        ...about,
        runId: `waiting_${name}`,
        filesHash: 'f1',
        conversationId: null,
        prefixHash: null,
        state: '{}',
        input: '{}',
        createdMs: nowMs,
        expiresMs: nowMs + 1000,
        grants: [],
      },
      approvals: [],
      clientCalls: [],
    },
    null,
  );
  await store.idempotency.begin(
    {
      ...of,
      id: `once_${name}`,
      bodyHash: 'b',
      requestId: 'req_1',
      createdMs: nowMs,
      holder: 'g',
      aliveUntilMs: nowMs + 1000,
    },
    nowMs,
  );
  return runId;
}

const one = {
  conversations: 1,
  responses: 1,
  waiting_runs: 1,
  idempotent_requests: 1,
  runs: 1,
  usage: 1,
  decisions: 2,
};
const none = {
  ...one,
  conversations: 0,
  responses: 0,
  waiting_runs: 0,
  idempotent_requests: 0,
  runs: 0,
};

async function usersOf({ usage }: Store): Promise<string[]> {
  const asked = { by: ['key', 'user'], of: 'all', limit: 10 } as const;
  const rows = await usage.sumDay(day, asked);
  return rows.map(({ keyId, user }) => `${keyId} ${user}`).toSorted();
}

/** What every store does with what is kept of people. */
export function dataTests(open: OpenAgain): void {
  test('is counted and deleted for one user, and what stays has no name', async () => {
    const store = await open();
    const run = await keepSome(store, 'a', 'key_ui', 'ann');
    const other = await keepSome(store, 'b', 'key_ui', 'bob');
    await keepSome(store, 'c', 'key_x', 'ann');
    expect(await store.data.count({ user: 'ann' })).toEqual({
      conversations: 2,
      responses: 2,
      waiting_runs: 2,
      idempotent_requests: 2,
      runs: 2,
      usage: 2,
      decisions: 4,
    });
    expect(await store.data.erase({ user: 'ann', keyId: 'key_ui' })).toEqual(one);
    expect(await store.data.count({ user: 'ann', keyId: 'key_ui' })).toEqual({
      ...none,
      usage: 0,
      decisions: 0,
    });
    expect(await store.data.count({ user: 'ann' })).toEqual(one);
    expect(await store.data.count({ user: 'bob' })).toEqual(one);
    expect(await store.journal.find(run)).toBeNull();
    expect(await store.journal.chunks(run, { fromStep: 0, limit: 10 })).toEqual([]);
    expect(await store.journal.find(other)).not.toBeNull();
    expect(await store.turns.find('resp_a')).toBeNull();
    expect(await usersOf(store)).toEqual([
      expect.stringMatching(/^key_ui anon_[\w-]{12}$/),
      'key_ui bob',
      'key_x ann',
    ]);
    const { decisions } = await store.decisions.list({ keyId: 'key_ui', limit: 10 });
    expect(decisions.map(({ user }) => user)).toEqual([
      'bob',
      expect.stringMatching(/^anon_/),
      'bob',
      expect.stringMatching(/^anon_/),
    ]);
  });

  test('is deleted for a key with all of its users, which sums keep apart', async () => {
    const store = await open();
    await keepSome(store, 'a', 'key_ui', 'ann');
    await keepSome(store, 'b', 'key_ui', 'bob');
    await keepSome(store, 'c', 'key_ui', null);
    await keepSome(store, 'd', 'key_x', 'ann');
    expect(await store.data.erase({ keyId: 'key_ui' })).toEqual({
      conversations: 3,
      responses: 3,
      waiting_runs: 3,
      idempotent_requests: 3,
      runs: 3,
      usage: 3,
      decisions: 6,
    });
    expect(await store.data.count({ keyId: 'key_ui' })).toEqual({
      ...none,
      usage: 0,
      decisions: 0,
    });
    expect(await store.data.count({ keyId: 'key_x' })).toEqual(one);
    const users = await usersOf(store);
    expect(users).toHaveLength(4);
    expect(users.filter((each) => /key_ui|bob/.test(each))).toEqual([]);
    expect(users).toContain('key_x ann');
    expect(await store.data.erase({ keyId: 'key_ui' })).toMatchObject({ usage: 0 });
  });
}
