import { GatewayError } from '../../errors.ts';

const MI = 1024 * 1024;

/** Characters of one whole answer, and of all that are not sent yet. */
export type RoomForAnswers = { readonly ofOne: number; readonly ofAll: number };

/** Far more than a model says; as JSON and on its way an answer takes several times as much. */
const roomForAnswers: RoomForAnswers = { ofOne: 16 * MI, ofAll: 64 * MI };

/** What one whole answer holds. */
export type HeldAnswer = {
  /** @throws GatewayError `run_failed` where it is too long, `overloaded` where others leave no room for it. */
  readonly add: (chars: number) => void;
  /** Gives all of it back; once is enough, more does no harm. */
  readonly release: () => void;
};

/**
 * Bounds what answers hold that are collected before they are sent: an agent may say more than there is memory. A long
 * one has no more than it leaves free, so that there is room for the short ones of others.
 */
export function createAnswerRoom(limits: RoomForAnswers = roomForAnswers): () => HeldAnswer {
  let held = 0;
  return () => {
    let own = 0;
    return {
      add(chars) {
        if (own + chars > limits.ofOne) throw tooLong(limits.ofOne);
        if (own + chars > limits.ofAll - held - chars) throw noRoom();
        own += chars;
        held += chars;
      },
      release() {
        held -= own;
        own = 0;
      },
    };
  };
}

function tooLong(most: number): GatewayError {
  return new GatewayError(
    'run_failed',
    `The agent's answer is longer than ${most} characters. Ask with "stream": true, which has no limit.`,
  );
}

function noRoom(): GatewayError {
  return new GatewayError(
    'overloaded',
    'Long answers that are not sent yet leave no room for this one. Ask with "stream": true.',
    { retryAfterSeconds: 1, mayRetry: false },
  );
}
