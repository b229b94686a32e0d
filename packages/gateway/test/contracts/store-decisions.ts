import { expect, test } from 'vitest';
import type { DecisionRecord } from '../../src/protocol/policy.ts';
import type { DecisionQuery } from '../../src/protocol/security/decision-query.ts';
import type { Store } from '../../src/protocol/store.ts';
import type { OpenAgain } from './store-contract.ts';
import { decision } from './store-samples.ts';

/** What every store does with the decision log. */
export function decisionTests(open: OpenAgain): void {
  test('are given back exactly as they were appended', async () => {
    const store = await open();
    const bare: DecisionRecord = {
      ...decision,
      id: 'dec_0002',
      requestId: null,
      keyId: null,
      role: null,
      agentId: null,
      modulePath: null,
      tool: null,
      ruleId: null,
      source: null,
      reason: null,
      tier: 8,
    };
    await store.decisions.append([decision, bare]);
    const page = await (await open()).decisions.list({ limit: 10 });
    expect(page).toEqual({ decisions: [bare, decision], next: null });
  });

  test('come page by page, newest first, each once', async () => {
    const store = await open();
    await store.decisions.append(many(254));
    const ids: string[] = [];
    let after: string | null = null;
    do {
      const page = await store.decisions.list({ limit: 100, ...(after && { after }) });
      ids.push(...page.decisions.map(({ id }) => id));
      after = page.next;
    } while (after !== null);
    expect(ids).toEqual(
      many(254)
        .map(({ id }) => id)
        .reverse(),
    );
  });

  test('are looked through in steps, to the last one', async () => {
    const store = await open();
    await store.decisions.append([...many(6000, 5)]);
    await store.decisions.append([{ ...decision, id: 'dec_00001_', tool: 'rare' }]);
    expect(await found(store, { tool: 'rare' })).toEqual(['dec_00001_']);
    const since = { since: timeOf(3000), effect: 'allow' } as const;
    expect(await found(store, since)).toEqual([]);
    const page = await store.decisions.list({ limit: 5500, until: timeOf(5800) });
    expect([page.decisions.length, page.next]).toEqual([5500, 'dec_00300']);
  });

  test('are kept once where they are appended again', async () => {
    const store = await open();
    await store.decisions.append([decision]);
    await store.decisions.append([{ ...decision, id: 'dec_0002' }, decision]);
    expect(await found(store, {})).toEqual(['dec_0002', 'dec_0001']);
  });

  test('keep what a caller sent as it was, but for what no text may hold', async () => {
    const store = await open();
    await store.decisions.append([{ ...decision, resource: `a'; --\u{1F511}` }]);
    await store.decisions.append([{ ...decision, id: 'dec_0002', resource: 'a\0b' }]);
    const { decisions } = await store.decisions.list({ limit: 2 });
    expect(decisions[1]?.resource).toBe(`a'; --\u{1F511}`);
    expect(decisions[0]?.resource).toMatch(/^a.b$/s);
  });

  test('are found by everything that is asked together', async () => {
    const store = await open();
    const run: DecisionRecord = {
      ...decision,
      action: 'run_agent',
      effect: 'allow',
      tool: null,
      ruleId: 'everyone',
    };
    const [eleven, twelve] = ['2026-11-22T11:00:00.000Z', '2026-11-22T12:00:00.000Z'];
    await store.decisions.append([
      decision,
      { ...run, id: 'dec_0002', time: eleven, keyId: 'key_b', user: 'ann', requestId: 'b' },
      { ...run, id: 'dec_0003', time: twelve, agentId: 'labs/b', requestId: 'c' },
    ]);
    const expected: [Partial<DecisionQuery>, string[]][] = [
      [{ keyId: 'key_b' }, ['dec_0002']],
      [{ user: 'ann' }, ['dec_0002']],
      [{ user: 'ANN' }, []],
      [{ agentId: 'labs/b' }, ['dec_0003']],
      [{ action: 'run_agent' }, ['dec_0003', 'dec_0002']],
      [{ effect: 'deny' }, ['dec_0001']],
      [{ effect: 'allow', keyId: 'key_b' }, ['dec_0002']],
      [{ effect: 'deny', keyId: 'key_b' }, []],
      [{ tool: 'weather' }, ['dec_0001']],
      [{ ruleId: 'everyone' }, ['dec_0003', 'dec_0002']],
      [{ requestId: 'req_a' }, ['dec_0001']],
      [{ since: '2026-11-22T11:00:00Z' }, ['dec_0003', 'dec_0002']],
      [{ until: '2026-11-22T12:00:00+00:00' }, ['dec_0002', 'dec_0001']],
      [{ since: eleven, until: twelve }, ['dec_0002']],
      [{ after: 'dec_0002', action: 'run_agent' }, []],
    ];
    for (const [query, ids] of expected) {
      expect([query, await found(store, query)]).toEqual([query, ids]);
    }
  });

  test('are removed by age and by count, whichever takes more', async () => {
    const store = await open();
    await store.decisions.append(many(2300));
    const prune = (second: number, keep: number) =>
      store.decisions.prune({ beforeIso: timeOf(second), keep });
    expect(await prune(0, 5000)).toBe(0);
    expect(await prune(10, 2290)).toBe(10);
    expect(await prune(20, 2250)).toBe(40);
    expect(await prune(2299, 2000)).toBe(2249);
    expect(await found(store, {})).toEqual(['dec_2299']);
    expect(await prune(0, 0)).toBe(1);
  });

  test('of what one key was denied push none of another’s out', async () => {
    const store = await open();
    const keyOf = (index: number) => (index < 3 ? 'key_few' : index < 5 ? null : 'key_flood');
    const denied = many(60).map((each, index) => ({ ...each, keyId: keyOf(index) }));
    await store.decisions.append(denied);
    expect(await store.decisions.prune({ beforeIso: timeOf(0), keep: 12 })).toBe(48);
    expect(await store.decisions.prune({ beforeIso: timeOf(0), keep: 12 })).toBe(0);
    const { decisions } = await store.decisions.list({ limit: 100 });
    expect(decisions.map(({ id, keyId }) => [id, keyId]).slice(5)).toEqual([
      ['dec_0054', 'key_flood'],
      ['dec_0053', 'key_flood'],
      ['dec_0004', null],
      ['dec_0003', null],
      ['dec_0002', 'key_few'],
      ['dec_0001', 'key_few'],
      ['dec_0000', 'key_few'],
    ]);
    expect(await store.decisions.prune({ beforeIso: timeOf(4), keep: 6 })).toBe(6);
    expect(await found(store, {})).toEqual([
      'dec_0059',
      'dec_0058',
      'dec_0057',
      'dec_0056',
      'dec_0055',
      'dec_0004',
    ]);
  });

  test('of what was denied or administered stay, however much was allowed since, and come in order', async () => {
    const store = await open();
    const allowed = { effect: 'allow', action: 'run_agent' } as const;
    const [denied = decision, administered = decision, ...mass] = many(60);
    await store.decisions.append([
      denied,
      { ...administered, effect: 'allow', action: 'administer' } as const,
      ...mass.map((each) => ({ ...each, ...allowed })),
    ]);
    expect(await store.decisions.prune({ beforeIso: timeOf(0), keep: 5 })).toBe(53);
    const kept = ['dec_0059', 'dec_0058', 'dec_0057', 'dec_0056', 'dec_0055'];
    expect(await found(store, {})).toEqual([...kept, 'dec_0001', 'dec_0000']);
    expect(await found(store, { after: 'dec_0056' })).toEqual(['dec_0055', 'dec_0001', 'dec_0000']);
    expect(await found(store, { effect: 'allow' })).toEqual([...kept, 'dec_0001']);
    expect(await found(store, allowed)).toEqual(kept);
    expect(await found(store, { effect: 'deny' })).toEqual(['dec_0000']);
    const page = await store.decisions.list({ limit: 5 });
    expect(page.next).toBe('dec_0055');
  });
}

/** Decisions a second apart. */
function many(count: number, digits = 4): DecisionRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    ...decision,
    id: `dec_${String(index).padStart(digits, '0')}`,
    time: timeOf(index),
  }));
}

function timeOf(second: number): string {
  return new Date(Date.parse('2026-11-22T00:00:00Z') + second * 1000).toISOString();
}

async function found(store: Store, query: Partial<DecisionQuery>): Promise<string[]> {
  const { decisions } = await store.decisions.list({ limit: 10, ...query });
  return decisions.map(({ id }) => id);
}
