import { expect, test } from 'vitest';
import { type RunQuery, type RunRecord, runIdTime } from '../../src/protocol/journal/journal.ts';
import type { Store } from '../../src/protocol/store.ts';
import type { OpenAgain } from './store-contract.ts';

const startMs = Date.UTC(2026, 10, 29);

/** A run that began so many minutes after the first. */
function runAt(minute: number, more: Partial<RunRecord> = {}): RunRecord {
  const startedMs = startMs + minute * 60_000;
  return {
    id: `run_${runIdTime(startedMs)}0000000000000`,
    startedMs,
    requestId: `req_${minute}`,
    keyId: 'key_1',
    user: null,
    agentId: 'default/a',
    modulePath: 'src/agents/A/agent.ts',
    generation: 3,
    replayOf: null,
    resumes: null,
    gateway: null,
    outcome: 'finished',
    code: null,
    durationMs: 12.5,
    usage: {
      requests: 2,
      inputTokens: 30,
      outputTokens: 4,
      cachedInputTokens: 1,
      reasoningTokens: 0,
    },
    recorded: 'steps',
    steps: 2,
    bytes: 100,
    costNanoUsd: 1500,
    unpricedCalls: 1,
    ...more,
  };
}

const idOf = (minute: number) => runAt(minute).id;

async function minutes(store: Store, query: Partial<RunQuery> = {}): Promise<number[]> {
  const runs = await store.journal.list({ limit: 100, ...query });
  return runs.map(({ startedMs }) => (startedMs - startMs) / 60_000);
}

/** What every store does with the journal. */
export function journalTests(open: OpenAgain): void {
  test('gives back runs and their steps exactly as they were written', async () => {
    const store = await open();
    const running = runAt(0, { outcome: 'running', durationMs: null, usage: null, steps: 1 });
    const contents = new Uint8Array([0, 1, 2, 255, 34, 39]);
    const first = { runId: running.id, firstStep: 0, steps: '[{"kind":"text"}]', contents };
    await store.journal.write({ runs: [running], chunks: [first] });
    const other = await open();
    expect(await other.journal.find(running.id)).toEqual(running);
    expect(await other.journal.chunks(running.id, { fromStep: 0, limit: 10 })).toEqual([first]);
    const ended = runAt(0, { code: 'tool_failed', outcome: 'failed', steps: 2, bytes: 200 });
    const second = { runId: running.id, firstStep: 1, steps: '[{}]', contents: null };
    await other.journal.write({ runs: [ended], chunks: [second, first] });
    expect(await store.journal.find(running.id)).toEqual(ended);
    expect(await store.journal.chunks(running.id, { fromStep: 0, limit: 10 })).toEqual([
      first,
      second,
    ]);
    expect(await store.journal.chunks(running.id, { fromStep: 1, limit: 10 })).toEqual([second]);
    expect(await store.journal.find('run_none')).toBeNull();
  });

  test('gives back a chunk that holds a step in its middle', async () => {
    const store = await open();
    const chunk = (firstStep: number) => ({
      runId: idOf(0),
      firstStep,
      steps: '[]',
      contents: null,
    });
    await store.journal.write({ runs: [runAt(0)], chunks: [chunk(0), chunk(50), chunk(90)] });
    const from = async (fromStep: number, limit = 10) =>
      (await store.journal.chunks(idOf(0), { fromStep, limit })).map(({ firstStep }) => firstStep);
    expect([await from(49), await from(60), await from(500), await from(0, 2)]).toEqual([
      [0, 50, 90],
      [50, 90],
      [90],
      [0, 50],
    ]);
  });

  test('lists runs newest first, by each filter, page by page', async () => {
    const store = await open();
    const runs = [
      runAt(0),
      runAt(1, { agentId: 'labs/b' }),
      runAt(2, { keyId: 'key_2', user: 'ann' }),
      runAt(3, { outcome: 'failed', code: 'tool_failed', replayOf: idOf(0), durationMs: 900 }),
      runAt(4, { resumes: idOf(0) }),
    ];
    await store.journal.write({ runs, chunks: [] });
    expect(await minutes(store)).toEqual([4, 3, 2, 1, 0]);
    expect(await minutes(store, { minDurationMs: 900 })).toEqual([3]);
    expect(await minutes(store, { agentId: 'labs/b' })).toEqual([1]);
    expect(await minutes(store, { keyId: 'key_2' })).toEqual([2]);
    expect(await minutes(store, { user: 'ann' })).toEqual([2]);
    expect(await minutes(store, { outcome: 'failed' })).toEqual([3]);
    expect(await minutes(store, { code: 'tool_failed', agentId: 'labs/b' })).toEqual([]);
    expect(await minutes(store, { requestId: 'req_2' })).toEqual([2]);
    expect(await minutes(store, { replayOf: idOf(0) })).toEqual([3]);
    expect(await minutes(store, { resumes: idOf(0) })).toEqual([4]);
    expect(await minutes(store, { sinceMs: startMs + 120_000 })).toEqual([4, 3, 2]);
    expect(await minutes(store, { limit: 2 })).toEqual([4, 3]);
    expect(await minutes(store, { limit: 2, after: idOf(2) })).toEqual([1, 0]);
  });

  test('finds a rare run among thousands', async () => {
    const store = await open();
    const many = Array.from({ length: 6000 }, (_, minute) => runAt(minute + 1));
    await store.journal.write({ runs: [runAt(0, { agentId: 'labs/rare' }), ...many], chunks: [] });
    expect(await minutes(store, { agentId: 'labs/rare' })).toEqual([0]);
    expect(await minutes(store, { agentId: 'labs/rare', sinceMs: startMs + 1 })).toEqual([]);
  });

  test('removes what is too old and what is too much, with its steps', async () => {
    const store = await open();
    const runs = Array.from({ length: 300 }, (_, minute) => runAt(minute));
    const chunks = runs.map(({ id }) => ({ runId: id, firstStep: 0, steps: '[]', contents: null }));
    await store.journal.write({ runs, chunks });
    const all = Number.MAX_SAFE_INTEGER;
    expect(await store.journal.prune({ beforeMs: startMs, keepBytes: all })).toBe(0);
    const beforeMs = startMs + 10 * 60_000;
    expect(await store.journal.prune({ beforeMs, keepBytes: all })).toBe(10);
    expect(await store.journal.prune({ beforeMs: 0, keepBytes: 550 })).toBe(285);
    expect(await minutes(store)).toEqual([299, 298, 297, 296, 295]);
    expect(await store.journal.chunks(idOf(294), { fromStep: 0, limit: 1 })).toEqual([]);
    expect(await store.journal.chunks(idOf(295), { fromStep: 0, limit: 1 })).toHaveLength(1);
  });

  test('knows what still ran when its gateway was killed', async () => {
    const store = await open();
    const running = runAt(1, { outcome: 'running', durationMs: null, usage: null });
    await store.journal.write({ runs: [runAt(0), running], chunks: [] });
    await store.journal.lose();
    const runs = await store.journal.list({ limit: 2 });
    expect(runs.map(({ outcome }) => outcome)).toEqual(['lost', 'finished']);
  });

  test('knows what still ran when one of several gateways was killed', async () => {
    const store = await open();
    const going = { outcome: 'running', durationMs: null, usage: null } as const;
    const runs = [
      runAt(0, { ...going, gateway: 'killed' }),
      runAt(1, { gateway: 'killed' }),
      runAt(2, { ...going, gateway: 'alive' }),
      runAt(3, { ...going, gateway: 'left' }),
    ];
    await store.journal.write({ runs, chunks: [] });
    const beat = (id: string, nowMs: number) =>
      store.journal.beat({ id, sinceMs: startMs, nowMs: startMs + nowMs });
    for (const id of ['killed', 'alive', 'left']) await beat(id, 1000);
    await store.journal.leave('left');
    await beat('alive', 90_000);
    await store.journal.loseOfSilent(startMs + 1000);
    const outcomes = async () =>
      (await store.journal.list({ limit: 10 })).map(({ outcome }) => outcome).toReversed();
    expect(await outcomes()).toEqual(['running', 'finished', 'running', 'running']);
    await store.journal.loseOfSilent(startMs + 60_000);
    expect(await outcomes()).toEqual(['lost', 'finished', 'running', 'running']);
    // It lives, and is only slow: what it says of its runs holds.
    await store.journal.write({ runs: [runAt(0, { gateway: 'killed' })], chunks: [] });
    expect(await outcomes()).toEqual(['finished', 'finished', 'running', 'running']);
  });
}
