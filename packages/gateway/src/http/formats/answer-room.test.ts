import { expect, test } from 'vitest';
import { createAnswerRoom } from './answer-room.ts';

test('bounds one answer, and leaves room for the short ones of others', () => {
  const answer = createAnswerRoom({ ofOne: 8, ofAll: 12 });
  const long = answer();
  long.add(6);
  expect(() => long.add(3)).toThrow(/longer than 8 characters.*"stream": true/);
  expect(() => long.add(1)).toThrow(/leave no room/);
  const short = answer();
  short.add(3);
  expect(() => short.add(1)).toThrow(/leave no room/);
  long.release();
  long.release();
  short.add(3);
});
