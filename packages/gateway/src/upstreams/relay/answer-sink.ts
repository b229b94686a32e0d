import { GatewayError } from '../../errors.ts';

/** Headers of an answer, names in small letters. */
export type AnswerHeaders = Readonly<Record<string, string | string[]>>;

/** What became of bytes that were written. */
export type Taken = 'taken' | 'behind' | 'no_room';

/** Where the answer to one call goes: over a connection, or over the channel of the worker that asked. */
export type AnswerSink = {
  /** Whether the worker has a head, or is gone: it can be told nothing else. */
  readonly hasBegun: () => boolean;
  /** To be given once, before anything else. */
  readonly head: (status: number, headers: AnswerHeaders) => void;
  /** `behind` where the worker is to be waited for, until `onceDrained` calls back; `no_room` where the answer has to end. */
  readonly write: (bytes: Buffer) => Taken;
  readonly onceDrained: (callback: () => void) => void;
  readonly end: (bytes?: Buffer) => void;
  /** Breaks the answer off: a clean end would count as success. */
  readonly cut: () => void;
};

/** For the log. */
export const unreadError =
  'answers wait unread in the gateway, and there is no room for more of them';

/** What the worker is told, where it has seen nothing of the answer. */
export function unreadFailure(): GatewayError {
  return new GatewayError(
    'overloaded',
    'So many answers of models wait to be read that no more is held. Read or abort those that are open.',
    { retryAfterSeconds: 1 },
  );
}
