import type { ModelData, ModelMessage } from './messages.ts';

/** The gateway's end of a worker's channel, as far as model calls go. */
export type ModelChannel = {
  readonly send: (part: ModelData, bytes?: Uint8Array) => void;
  /** Whether more waits to be sent, of all calls and messages, than is good. */
  readonly isBehind: () => boolean;
  /** How much that is. Nothing once the channel is closed. */
  readonly waitingBytes: () => number;
  /** Calls back when the system has taken all that was sent so far; never once the channel is closed. */
  readonly onceTaken: (callback: () => void) => void;
};

/** Takes what a worker says of its model calls; `bytes` is the body of a call, null where it has none. */
export type TakeModelMessage = (message: ModelMessage, bytes: Buffer | null) => void;
