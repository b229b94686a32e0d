import { expect, test } from 'vitest';
import { createUnreadRoom } from '../../protocol/unread-room.ts';
import { holdAnswer } from './answer-room.ts';

test('bounds one answer, and all together by the room for what nobody reads', () => {
  const refused: string[] = [];
  const room = createUnreadRoom((_owner, kind) => refused.push(kind), {
    ofOwnerBytes: 20,
    ofAllBytes: 100,
  });
  const unread = room.hold({ agentId: 'default/a' }, 'whole_answer');
  const long = holdAnswer(unread, { maxLength: 8 });
  long.add(6);
  expect(() => long.add(3)).toThrow(/longer than 8 characters.*"stream": true/);
  const other = holdAnswer(room.hold({ agentId: 'default/a' }, 'whole_answer'), { maxLength: 8 });
  other.add(4);
  expect(() => other.add(1)).toThrow(/leave no room/);
  expect(refused).toEqual(['whole_answer']);
  unread.release();
  other.add(1);
});
