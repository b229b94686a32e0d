import { GatewayError } from '../../errors.ts';
import type { Unread } from '../../protocol/unread-room.ts';

const MI = 1024 * 1024;

/** Characters of one whole answer: far more than a model says. As JSON and on its way it takes several times as much. */
const maxAnswerLength = 16 * MI;

/** Bytes of a character, at most. */
const CHARACTER_BYTES = 2;

/** What one whole answer holds. */
export type HeldAnswer = {
  /** @throws GatewayError `run_failed` where it is too long, `overloaded` where there is no room for it. */
  readonly add: (chars: number) => void;
};

/** Where there is no such limit. */
const elsewhere = 'Ask with "stream": true, which has no limit.';

/**
 * Holds an answer that is collected before it is sent: an agent may say more than there is memory.
 *
 * @param unlimited - A sentence that says where there is no such limit.
 */
export function holdAnswer(
  unread: Unread,
  { maxLength = maxAnswerLength, unlimited = elsewhere } = {},
): HeldAnswer {
  let length = 0;
  return {
    add(chars) {
      length += chars;
      if (length > maxLength) throw tooLong(maxLength, unlimited);
      if (unread.set(length * CHARACTER_BYTES)) return;
      unread.refused();
      throw noRoom(unlimited);
    },
  };
}

function tooLong(most: number, unlimited: string): GatewayError {
  return new GatewayError(
    'run_failed',
    `The agent's answer is longer than ${most} characters. ${unlimited}`,
  );
}

function noRoom(unlimited: string): GatewayError {
  return new GatewayError(
    'overloaded',
    `Long answers that are not sent yet leave no room for this one. ${unlimited}`,
    { retryAfterSeconds: 1, mayRetry: false },
  );
}
