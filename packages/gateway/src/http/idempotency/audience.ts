import type { FastifyReply } from 'fastify';
import type { Run } from '../../runs/run.ts';
import { whenCallerLeaves } from '../caller-gone.ts';
import { type EventStreamOptions, sendEventStream } from '../event-stream.ts';

/** A response whose run goes on without its caller. */
export type InBackgroundReply = {
  readonly id: string;
  /** What its caller is answered at once. */
  readonly answer: string;
  readonly isStreamed: boolean;
};

/** Whom a run is answered to: its caller, and where repeats are known whoever asks the same again. */
export type Audience = {
  /** Calls back once when nobody waits for the answer any more. */
  readonly whenGone: (listener: () => void) => void;
  /** Calls back once when what the answer holds can be given back. */
  readonly whenSent: (listener: () => void) => void;
  /** The run, as whoever reads it gets it. */
  readonly follow: (run: Run) => Run;
  readonly sendStream: (run: Run, options: EventStreamOptions) => void;
  /** Waited for before the answer of one in the background is sent. */
  readonly onQueued: (queued: InBackgroundReply) => Promise<void>;
  /** Names of what the request has and the gateway does not heed. */
  readonly unheard: readonly string[];
};

/** The caller alone: one that leaves ends its run. */
export function callerAlone(reply: FastifyReply, unheard: readonly string[] = []): Audience {
  return {
    whenGone: (listener) => whenCallerLeaves(reply.raw, listener),
    whenSent: (listener) => void reply.raw.once('close', listener),
    follow: (run) => run,
    sendStream: (run, options) => sendEventStream(reply, run, options),
    onQueued: async () => undefined,
    unheard,
  };
}
