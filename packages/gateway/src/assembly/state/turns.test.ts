import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { GatewayError } from '../../errors.ts';
import type { InputItem } from '../../protocol/run.ts';
import type { Store } from '../../protocol/store.ts';
import { createConversations } from '../../runs/turns/conversations.ts';
import { createErasures } from '../../runs/turns/erasures.ts';
import { createKeptTurns } from '../../runs/turns/kept-turns.ts';
import { createLivingTurns } from '../../runs/turns/living-turns.ts';
import { createOpenTurn } from '../../runs/turns/open-turn.ts';
import type { TurnSettings } from '../../runs/turns/turn-types.ts';
import { openStore } from '../../storage/open-store.ts';
import { createTurnRetention } from './turn-retention.ts';

const user = (text: string): InputItem => ({ role: 'user', parts: [{ type: 'text', text }] });

let store: Store;
let settings: TurnSettings;

beforeEach(async () => {
  settings = { keepDays: 30, keepMb: 1, concurrentTurns: 'wait' };
  store = await openStore(`sqlite:${join(await tempFolder(), 'gateway.db')}`);
});
afterEach(() => store.close());

describe('a turn', () => {
  test('of a conversation waits for the one before it, and knows what that said', async () => {
    const { open, conversations } = turns();
    const { id } = await conversations.create(alice, { items: [user('Zero')], metadata: {} });
    const first = await open(asked(id, 'One'));
    const order: string[] = [];
    const second = open(asked(id, 'Two')).then((turn) => {
      order.push('second');
      return turn;
    });
    expect(first.items).toEqual([user('Zero'), user('One')]);
    await first.keep(answer('resp_1', 'Uno'), 'default/echo');
    order.push('first');
    await first.end();
    expect((await second).items).toEqual([
      user('Zero'),
      user('One'),
      { role: 'assistant', text: 'Uno' },
      user('Two'),
    ]);
    expect((await second).boundTo).toBe('default/echo');
    expect(order).toEqual(['first', 'second']);
    await (await second).end();
  });

  test('is refused where the operator wants no waiting, and begins once the other has ended', async () => {
    settings = { ...settings, concurrentTurns: 'refuse' };
    const { open, conversations } = turns();
    const { id } = await conversations.create(alice, { items: [], metadata: {} });
    const first = await open(asked(id, 'One'));
    expect(await failure(open(asked(id, 'Two')))).toMatchObject({ code: 'conversation_busy' });
    expect(await failure(conversations.add(alice, id, [user('x')]))).toMatchObject({
      code: 'conversation_busy',
    });
    await first.end();
    const next = await open(asked(id, 'Two'));
    expect(next.items).toEqual([user('Two')]);
    await next.end();
  });

  test('of a gateway that was killed keeps nobody waiting where it was the only one', async () => {
    settings = { ...settings, concurrentTurns: 'refuse' };
    const { open, conversations } = turns(1000, () => 1500);
    const { id } = await conversations.create(alice, { items: [], metadata: {} });
    const killed = await open(asked(id, 'One'));
    const { open: openLater } = turns(2000, () => 2000);
    const elsewhere = turns(null, () => 2000).open(asked(id, 'Two'));
    expect(await failure(elsewhere)).toMatchObject({ code: 'conversation_busy' });
    const next = await openLater(asked(id, 'Two'));
    expect(await failure(openLater(asked(id, 'Three')))).toMatchObject({
      code: 'conversation_busy',
    });
    await next.end();
    await killed.end();
  });

  test('whose right to be the next one is gone is not kept', async () => {
    const { open, conversations } = turns();
    const { id } = await conversations.create(alice, { items: [], metadata: {} });
    const turn = await open(asked(id, 'One'));
    await conversations.remove(alice, id);
    expect(await failure(turn.keep(answer('resp_1', 'Uno'), 'default/echo'))).toMatchObject({
      code: 'conversation_busy',
    });
    expect(await store.turns.find('resp_1')).toBeNull();
    await turn.end();
  });

  test('that failed is no part of its conversation', async () => {
    const { open, kept, conversations } = turns();
    const { id } = await conversations.create(alice, { items: [], metadata: {} });
    const turn = await open(asked(id, 'One'));
    await turn.keep({ ...answer('resp_1', 'Un'), status: 'failed' }, 'default/echo');
    await turn.end();
    expect(await kept.items(alice, id)).toEqual([]);
    expect(await kept.turn(alice, 'resp_1')).toMatchObject({ status: 'failed' });
  });

  test('is not taken where more came before it than any model takes', async () => {
    const { open, conversations } = turns();
    const items = Array.from({ length: 10_001 }, (_, index) => user(`${index}`));
    const { id } = await conversations.create(alice, { items, metadata: {} });
    expect(await failure(open(asked(id, 'One')))).toMatchObject({
      code: 'context_too_long',
      message: expect.stringContaining('10001 items'),
    });
    const letters = user('x'.repeat(25 * 1024 * 1024));
    const long = await conversations.create(alice, { items: [letters], metadata: {} });
    expect(await failure(open(asked(long.id, 'One')))).toMatchObject({ code: 'context_too_long' });
    await conversations.removeItem(alice, id, await firstOf(id));
    const turn = await open(asked(id, 'One'));
    expect(turn.items).toHaveLength(10_001);
    await turn.end();
  });

  test('is removed by and by once nothing is to be kept any more, though nobody asks', async () => {
    const { open, conversations } = turns();
    const { id } = await conversations.create(alice, { items: [user('Zero')], metadata: {} });
    const turn = await open({ ...asked('', 'One'), wanted: alone });
    await turn.keep(answer('resp_1', 'Uno'), 'default/echo');
    settings = { ...settings, keepDays: 0 };
    const emit = () => undefined;
    const retention = createTurnRetention({
      store: store.turns,
      settings: () => settings,
      emit,
      everyMs: 1,
    });
    retention.begin();
    await until('both to be gone', async () => {
      const left = [await store.turns.find('resp_1'), await store.turns.conversations.find(id)];
      return left.every((one) => one === null);
    });
    retention.end();
  });

  test('leaves nothing where nothing is kept', async () => {
    settings = { ...settings, keepDays: 0 };
    const { open, conversations } = turns();
    const made = conversations.create(alice, { items: [], metadata: {} });
    expect(await failure(made)).toMatchObject({ code: 'unsupported_value' });
    const turn = await open({ ...asked('', 'One'), wanted: { ...alone, keeps: true } });
    expect(turn.isKept).toBe(false);
    await turn.keep(answer('resp_1', 'Uno'), 'default/echo');
    expect(await store.turns.find('resp_1')).toBeNull();
  });
});

describe('a turn of a session', () => {
  const said = (text: string): InputItem => ({ role: 'assistant', text });
  const session = { agentId: 'default/echo', name: 's', sendsHistory: true };

  const opened = (items: readonly InputItem[], name = 's') =>
    turns().open({ ...asked('', ''), wanted: { ...alone, session: { ...session, name } }, items });

  test('finds what it follows far back in a long history', async () => {
    const first = await opened([user('One')]);
    const own = [
      { id: 'own_1', item: { role: 'tool_result', callId: 'c', name: 't', text: '4' } },
    ] as const;
    await first.keep({ ...answer('turn_1', ''), output: own, answer: 'Uno' }, 'default/echo');
    await first.end();
    const unknown = Array.from({ length: 1200 }, (_, index) => said(`${index}`));
    const next = await opened([user('One'), said(' Uno\n'), ...unknown, user('Two')]);
    expect(next.items.slice(0, 3)).toEqual([user('One'), own[0].item, said('0')]);
    expect(next.items).toHaveLength(1203);
    await next.end();
  });

  test('goes on behind what came to its conversation another way', async () => {
    const first = await opened([user('One')]);
    const { conversationId } = first;
    await first.keep({ ...answer('turn_1', 'Uno'), answer: 'Uno' }, 'default/echo');
    await first.end();
    await turns().conversations.add(alice, conversationId ?? '', [user('Added')]);
    const newest = { ...session, sendsHistory: false };
    const wanted = { ...alone, session: newest };
    const next = await turns().open({ ...asked('', ''), wanted, items: [user('Two')] });
    expect(next.items).toEqual([user('One'), said('Uno'), user('Added'), user('Two')]);
    await next.end();
  });

  test('is refused while another is taken, where the operator wants no waiting; one of another session is not', async () => {
    settings = { ...settings, concurrentTurns: 'refuse' };
    const { open } = turns();
    const wanted = { ...alone, session };
    const first = await open({ ...asked('', ''), wanted, items: [user('One')] });
    expect(await failure(opened([user('Two')]))).toMatchObject({ code: 'conversation_busy' });
    await (await opened([user('Two')], 'other')).end();
    await first.end();
    await (await opened([user('Two')])).end();
  });

  test('is gone once its conversation was not used for so long', async () => {
    const first = await opened([user('One')]);
    await first.keep({ ...answer('turn_1', 'Uno'), answer: 'Uno' }, 'default/echo');
    await first.end();
    const beforeMs = Date.now() + 100_000;
    expect(await store.turns.prune({ beforeMs, keepBytes: 1_000_000, nowMs: beforeMs })).toBe(1);
    const newest = { ...session, sendsHistory: false };
    const wanted = { ...alone, session: newest };
    const next = await turns().open({ ...asked('', ''), wanted, items: [user('Two')] });
    expect(next.items).toEqual([user('Two')]);
    await next.end();
  });
});

const alice = { keyId: 'key_a', user: null };

const alone = { previousId: null, conversationId: null, keeps: true, outlives: false, leading: 0 };

function turns(aloneSinceMs: number | null = null, nowMs = Date.now) {
  const living = createLivingTurns(store.turns, nowMs);
  const kept = createKeptTurns({ store: store.turns, isShared: true, living, nowMs });
  const deps = {
    store: store.turns,
    settings: () => settings,
    nowMs,
    aloneSinceMs,
    kept,
    living,
    erasures: createErasures(),
  };
  return { open: createOpenTurn(deps), kept, conversations: createConversations(deps) };
}

function asked(conversationId: string, text: string) {
  const wanted = { ...alone, conversationId };
  return { owner: alice, wanted, items: [user(text)], signal: new AbortController().signal };
}

function answer(id: string, text: string) {
  const output = [{ id: `msg_${id}`, item: { role: 'assistant' as const, text } }];
  return { id, status: 'completed' as const, output, answer: '{}' };
}

async function firstOf(conversationId: string): Promise<string> {
  const [first] = await turns().kept.items(alice, conversationId);
  return first?.id ?? '';
}

function failure(work: Promise<unknown>): Promise<GatewayError> {
  return work.then(
    () => expect.unreachable('It went well.'),
    (error: GatewayError) => error,
  );
}
