import { expect, test } from 'vitest';
import { createUnreadRoom } from './unread-room.ts';

const limits = { ofOwnerBytes: 64, ofAllBytes: 256 };

test('an owner holds as much as it leaves free, so that something is left for all', () => {
  const room = createUnreadRoom(() => undefined, limits);
  const held = Array.from({ length: 9 }, (_, index) => {
    const unread = room.hold({ agentId: `default/a${index}` }, 'run_events');
    let bytes = 0;
    while (unread.set(bytes + 1)) bytes += 1;
    return { unread, bytes };
  });
  expect(held.map(({ bytes }) => bytes)).toEqual([64, 64, 64, 32, 16, 8, 4, 2, 1]);
  expect(room.heldBytes()).toBe(255);
  held[0]?.unread.release();
  expect(room.hold({ keyId: 'key_1' }, 'page').set(32)).toBe(true);
});

test('what an owner holds counts together, and what it gives back it may hold again', () => {
  const refused: unknown[] = [];
  const room = createUnreadRoom((owner, kind) => refused.push([owner, kind]), limits);
  const first = room.hold({ agentId: 'default/a' }, 'model_answer');
  const second = room.hold({ agentId: 'default/a' }, 'run_events');
  expect([first.set(60), second.set(5), second.set(4), first.set(61)]).toEqual([
    true,
    false,
    true,
    false,
  ]);
  first.set(0);
  expect(second.set(64)).toBe(true);
  second.release();
  second.release();
  expect(room.heldBytes()).toBe(0);
  // What comes after its end holds nothing.
  expect(second.set(64)).toBe(true);
  expect(room.heldBytes()).toBe(0);
  first.refused();
  expect(refused).toEqual([[{ agentId: 'default/a' }, 'model_answer']]);
});
