import { expect, test } from 'vitest';
import type { Conversation, Turn } from '../../src/protocol/state/turns.ts';
import type { OpenAgain } from './store-contract.ts';

const said = (id: string, text: string) => ({
  id,
  item: { role: 'assistant' as const, text },
});
const asked = (id: string, text: string) => ({
  id,
  item: { role: 'user' as const, parts: [{ type: 'text' as const, text }] },
});

const turn: Turn = {
  id: 'resp_a',
  keyId: 'key_a',
  user: null,
  agentId: 'default/echo',
  previousId: null,
  conversationId: null,
  createdMs: 1_800_000_000_000,
  status: 'completed',
  input: [asked('msg_1', 'Hi 🙂')],
  output: [said('msg_2', 'Hello')],
  answer: '{"id":"resp_a"}',
  aliveUntilMs: null,
  events: null,
  prefixHash: null,
};

const conversation: Conversation = {
  id: 'conv_a',
  keyId: 'key_a',
  user: null,
  agentId: null,
  createdMs: 1_800_000_000_000,
  metadata: { team: 'x' },
  headId: null,
};

const claim = { conversationId: 'conv_a', token: 'run_1' };
const soon = { nowMs: 1000, untilMs: 2000 };

/** What every store does with conversations. */
export function turnTests(open: OpenAgain): void {
  const ids = async (id: string) =>
    (await (await open()).turns.line(id, { turns: 10, letters: 10_000 }))?.map((item) => item.id);

  test('are given back exactly as they were put, and put again', async () => {
    const { turns } = await open();
    expect(await turns.put(turn)).toBe(true);
    expect(await (await open()).turns.find('resp_a')).toEqual(turn);
    const failed = { ...turn, status: 'failed', answer: null } as const;
    await turns.put(failed);
    expect(await turns.find('resp_a')).toEqual(failed);
    expect(await turns.find('resp_b')).toBeNull();
  });

  test('of runs that go on say so again, until they are over', async () => {
    const { turns } = await open();
    const going = { ...turn, status: 'queued', aliveUntilMs: 1000 } as const;
    await turns.put(going);
    await turns.put({ ...turn, id: 'resp_b' });
    await turns.renew(['resp_a', 'resp_b'], 2000);
    expect(await turns.find('resp_a')).toEqual({ ...going, aliveUntilMs: 2000 });
    expect((await turns.find('resp_b'))?.aliveUntilMs).toBeNull();
    const over = { ...turn, events: 'event: x' };
    await turns.put(over);
    expect(await turns.find('resp_a')).toEqual(over);
  });

  test('follow each other, oldest first; what is removed of a line is left out of it', async () => {
    const { turns } = await open();
    await turns.put(turn);
    const next = { ...turn, previousId: 'resp_a', input: [asked('msg_3', 'b')], output: [] };
    await turns.put({ ...next, id: 'resp_b' });
    await turns.put({ ...next, id: 'resp_c', input: [asked('msg_4', 'c')] });
    await turns.put({ ...next, id: 'resp_d', previousId: 'resp_b', input: [asked('msg_5', 'd')] });
    expect(await ids('resp_d')).toEqual(['msg_1', 'msg_2', 'msg_3', 'msg_5']);
    expect(await ids('resp_c')).toEqual(['msg_1', 'msg_2', 'msg_4']);
    expect(await turns.remove('resp_a')).toBe(true);
    expect(await turns.remove('resp_a')).toBe(false);
    expect(await ids('resp_d')).toEqual(['msg_3', 'msg_5']);
    expect(await ids('resp_a')).toEqual([]);
  });

  test('are no line where they are more than anybody takes', async () => {
    const { turns } = await open();
    const letters = (count: number) => [asked('msg_1', 'x'.repeat(count))];
    await turns.put({ ...turn, input: letters(6000) });
    await turns.put({ ...turn, id: 'resp_b', previousId: 'resp_a', input: letters(3000) });
    expect(await ids('resp_b')).toHaveLength(4);
    await turns.put({ ...turn, id: 'resp_c', previousId: 'resp_b', input: letters(3000) });
    expect(await ids('resp_c')).toBeUndefined();
    await turns.put({ ...turn, id: 'resp_d', previousId: 'resp_c' });
    expect(await ids('resp_d')).toBeUndefined();
    for (let at = 1; at <= 11; at += 1)
      await turns.put({ ...turn, id: `resp_${at}`, previousId: `resp_${at - 1}` });
    expect(await ids('resp_10')).toHaveLength(20);
    expect(await ids('resp_11')).toBeUndefined();
  });

  test('of a conversation are taken by one at a time', async () => {
    const { conversations } = (await open()).turns;
    await conversations.create(conversation);
    const other = { ...claim, token: 'run_2' };
    expect(await conversations.claim(claim, soon)).toBe(true);
    expect(await conversations.claim(other, soon)).toBe(false);
    expect(await conversations.claim(claim, { nowMs: 1500, untilMs: 3000 })).toBe(true);
    expect(await conversations.claim(other, { nowMs: 2500, untilMs: 3500 })).toBe(false);
    await conversations.release(other);
    expect(await conversations.claim(other, { nowMs: 3001, untilMs: 4000 })).toBe(true);
    await conversations.release(other);
    expect(await conversations.claim(claim, soon)).toBe(true);
    expect(await conversations.claim({ ...claim, conversationId: 'conv_b' }, soon)).toBe(false);
  });

  test('of a session are found by what its caller has seen by their end', async () => {
    const { turns } = await open();
    await turns.conversations.create(conversation);
    await turns.conversations.create({ ...conversation, agentId: 'default/other' });
    expect(await turns.conversations.find('conv_a')).toEqual(conversation);
    const inIt = { ...turn, conversationId: 'conv_a', prefixHash: 'a' };
    await turns.put({ ...inIt, id: 'turn_2', createdMs: turn.createdMs + 1 });
    await turns.put(inIt);
    await turns.put({ ...inIt, id: 'turn_3', prefixHash: 'b' });
    await turns.put({ ...inIt, id: 'turn_4', conversationId: 'conv_b', prefixHash: 'c' });
    expect(await turns.find('resp_a')).toEqual(inIt);
    const found = await turns.conversations.endingWith('conv_a', ['a', 'b', 'c', 'd']);
    expect(Object.fromEntries(found)).toEqual({ a: 'turn_2', b: 'turn_3' });
    expect((await turns.conversations.endingWith('conv_a', [])).size).toBe(0);
  });

  test('of a conversation become its last one, where they still have the claim', async () => {
    const { turns } = await open();
    await turns.conversations.create(conversation);
    await turns.conversations.claim(claim, soon);
    const inIt = { ...turn, conversationId: 'conv_a' };
    expect(await turns.put(inIt, claim)).toBe(true);
    expect(await turns.put({ ...inIt, id: 'resp_b' }, { ...claim, token: 'run_2' })).toBe(false);
    expect(await turns.find('resp_b')).toBeNull();
    expect(await turns.conversations.find('conv_a')).toEqual({
      ...conversation,
      agentId: 'default/echo',
      headId: 'resp_a',
    });
    expect(await turns.remove('resp_a')).toBe(true);
    expect(await turns.find('resp_a')).toEqual({ ...inIt, answer: null });
    expect(await ids('resp_a')).toEqual(['msg_1', 'msg_2']);
    expect(await turns.conversations.removeItem('conv_a', 'msg_1')).toBe(true);
    expect(await turns.conversations.removeItem('conv_a', 'msg_1')).toBe(false);
    expect(await turns.conversations.removeItem('conv_a', 'msg__')).toBe(false);
    expect(await turns.conversations.removeItem('conv_a', 'g_2')).toBe(false);
    expect(await ids('resp_a')).toEqual(['msg_2']);
  });

  test('go with their conversation, whose metadata can change', async () => {
    const { turns } = await open();
    await turns.conversations.create(conversation);
    await turns.put({ ...turn, conversationId: 'conv_a' });
    await turns.put({ ...turn, id: 'resp_b' });
    expect(await turns.conversations.update('conv_a', { a: 'b' })).toBe(true);
    expect(await turns.conversations.find('conv_a')).toEqual({
      ...conversation,
      metadata: { a: 'b' },
    });
    expect(await turns.conversations.remove('conv_a')).toBe(true);
    expect(await turns.conversations.remove('conv_a')).toBe(false);
    expect(await turns.conversations.update('conv_a', {})).toBe(false);
    expect(await turns.find('resp_a')).toBeNull();
    expect(await turns.find('resp_b')).not.toBeNull();
  });

  test('stay away where they, or their conversation, were removed meanwhile', async () => {
    const { turns } = await open();
    const inIt = { ...turn, id: 'resp_b', conversationId: 'conv_a' };
    expect(await turns.replace(turn)).toBe(false);
    await turns.put(turn);
    expect(await turns.replace({ ...turn, status: 'failed' })).toBe(true);
    expect(await turns.find('resp_a')).toEqual({ ...turn, status: 'failed' });
    expect(await turns.put(inIt)).toBe(false);
    await turns.conversations.create(conversation);
    expect(await turns.put(inIt)).toBe(true);
    await turns.conversations.remove('conv_a');
    expect(await turns.replace(inIt)).toBe(false);
    expect(await turns.find('resp_b')).toBeNull();
  });

  test('are removed by age, but for those of a conversation that is used', async () => {
    const { turns } = await open();
    const old = { ...turn, createdMs: 1000 };
    await turns.put(old);
    await turns.put({ ...turn, id: 'resp_new' });
    for (const [id, usedMs] of [['conv_a', 1000] as const, ['conv_b', 5000] as const]) {
      await turns.conversations.create({ ...conversation, id, createdMs: usedMs });
      await turns.put({ ...old, id: `resp_${id}`, conversationId: id });
      await turns.put({ ...old, id: `resp_2_${id}`, conversationId: id, createdMs: usedMs });
    }
    expect(await turns.prune({ beforeMs: 4000, keepBytes: 1e9, nowMs: 4000 })).toBe(3);
    expect(await turns.find('resp_a')).toBeNull();
    expect(await turns.find('resp_new')).not.toBeNull();
    expect(await turns.conversations.find('conv_a')).toBeNull();
    expect(await turns.find('resp_conv_b')).not.toBeNull();
  });

  test('are removed by size, the oldest first', async () => {
    const { turns } = await open();
    const long = { ...turn, answer: 'x'.repeat(1000) };
    const nowMs = 5000;
    for (const at of [3, 1, 2]) await turns.put({ ...long, id: `resp_${at}`, createdMs: at });
    const going = { ...turn, id: 'resp_0', createdMs: 0, aliveUntilMs: nowMs } as const;
    await turns.put(going);
    expect(await turns.prune({ beforeMs: 0, keepBytes: 2900, nowMs })).toBe(1);
    expect(await turns.find('resp_1')).toBeNull();
    expect(await turns.find('resp_2')).not.toBeNull();
    expect(await turns.prune({ beforeMs: 0, keepBytes: 0, nowMs })).toBe(2);
    expect(await turns.find('resp_0')).toEqual(going);
    expect(await turns.prune({ beforeMs: 0, keepBytes: 0, nowMs: nowMs + 1 })).toBe(1);
  });

  test('are removed by size after conversations in which nothing was said', async () => {
    const { turns } = await open();
    const { conversations } = turns;
    const metadata = { a: 'x'.repeat(500) };
    for (const at of [2, 1, 3])
      await conversations.create({ ...conversation, id: `conv_${at}`, createdMs: at, metadata });
    await turns.put({ ...turn, conversationId: 'conv_3' });
    await conversations.claim({ conversationId: 'conv_3', token: 'run_1' }, soon);
    expect(await turns.prune({ beforeMs: 0, keepBytes: 2200, nowMs: 5000 })).toBe(0);
    expect(await conversations.find('conv_1')).toBeNull();
    expect(await conversations.find('conv_2')).not.toBeNull();
    expect(await turns.prune({ beforeMs: 0, keepBytes: 0, nowMs: 5000 })).toBe(1);
    expect(await conversations.find('conv_2')).toBeNull();
    expect(await conversations.find('conv_3')).not.toBeNull();
  });
}
