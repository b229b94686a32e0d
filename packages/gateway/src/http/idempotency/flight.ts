import type { ServerResponse } from 'node:http';
import { GatewayError } from '../../errors.ts';
import type { KeptReply } from '../../protocol/state/idempotency.ts';
import { whenCallerLeaves } from '../caller-gone.ts';
import type { EventLog } from '../event-log.ts';
import { createReadStreams, type ReadStreams } from './read-streams.ts';

/** What those who wait for a request can be sent: the whole of it, or a stream that goes on. */
export type Landed =
  | { readonly type: 'reply'; readonly reply: KeptReply }
  | {
      readonly type: 'stream';
      readonly log: EventLog;
      readonly headers: KeptReply['headers'];
    };

/** One request of this process that is being answered, and those who wait for its answer. */
export type Flight = {
  readonly bodyHash: string;
  readonly requestId: string;
  /**
   * One more waits for the answer, until it leaves.
   *
   * @throws GatewayError `overloaded` where too many do.
   */
  readonly join: (response: ServerResponse) => void;
  /** Resolves once there is something to send; rejects with what the request was refused with. */
  readonly landed: Promise<Landed>;
  readonly land: (landed: Landed) => void;
  readonly fail: (error: unknown) => void;
  /** Aborted when nobody has waited for it for a while. */
  readonly unwanted: AbortSignal;
  /** Sets how it is known whether others wait elsewhere. */
  readonly asksElsewhere: (isWanted: () => Promise<boolean>) => void;
  /** It is over, and no repeat finds it here any more. */
  readonly end: () => void;
  readonly ended: Promise<void>;
};

/** The requests of this process that are being answered, by their ids. */
export type Flights = ReadStreams & {
  readonly find: (id: string) => Flight | null;
  readonly begin: (id: string, asked: Pick<Flight, 'bodyHash' | 'requestId'>) => Flight;
  /** Resolves when none is under way. */
  readonly over: () => Promise<void>;
};

/**
 * How long a run goes on with nobody waiting. Clients that were cut off ask again after some seconds; a person's device
 * that was, or a caller that was restarted, within a minute or two. After that, nobody is likely to read what it costs.
 */
const LINGER_MS = 120_000;

/** Requests that wait for one answer in this process. */
const MOST_WAITING = 1000;

export type FlightTimes = {
  /** How long a request is answered that nobody waits for. */
  readonly lingerMs?: number | undefined;
  /** How long a connection has to outlive its stream until that counts as read. */
  readonly readAfterMs?: number | undefined;
};

export function createFlights({ lingerMs = LINGER_MS, readAfterMs }: FlightTimes = {}): Flights {
  const flights = new Map<string, Flight>();
  let idle = Promise.withResolvers<void>();
  idle.resolve();
  return {
    ...createReadStreams(readAfterMs),
    find: (id) => flights.get(id) ?? null,
    begin(id, asked) {
      if (flights.size === 0) idle = Promise.withResolvers();
      const flight = createFlight(asked, lingerMs, () => {
        if (flights.get(id) === flight) flights.delete(id);
        if (flights.size === 0) idle.resolve();
      });
      flights.set(id, flight);
      return flight;
    },
    over: () => idle.promise,
  };
}

function createFlight(
  asked: Pick<Flight, 'bodyHash' | 'requestId'>,
  lingerMs: number,
  onEnd: () => void,
): Flight {
  const landing = Promise.withResolvers<Landed>();
  // Those who wait are told; where nobody does, nobody has to be.
  landing.promise.catch(() => undefined);
  const ending = Promise.withResolvers<void>();
  const unwanted = new AbortController();
  let waiting = 0;
  let isOver = false;
  let linger: NodeJS.Timeout | undefined;
  let isWantedElsewhere = async () => false;
  const endUnlessWanted = async () => {
    // Where the store is away, nobody can wait there.
    const isWanted = await isWantedElsewhere().catch(() => false);
    if (isOver || waiting > 0) return;
    if (isWanted) linger = setTimeout(endUnlessWanted, lingerMs);
    else unwanted.abort();
  };
  return {
    ...asked,
    join(response) {
      if (waiting >= MOST_WAITING) throw tooMany();
      waiting += 1;
      clearTimeout(linger);
      whenCallerLeaves(response, () => {
        waiting -= 1;
        if (waiting === 0 && !isOver) linger = setTimeout(endUnlessWanted, lingerMs);
      });
    },
    landed: landing.promise,
    land: landing.resolve,
    fail: landing.reject,
    unwanted: unwanted.signal,
    asksElsewhere(isWanted) {
      isWantedElsewhere = isWanted;
    },
    end() {
      isOver = true;
      clearTimeout(linger);
      onEnd();
      ending.resolve();
    },
    ended: ending.promise,
  };
}

function tooMany(): GatewayError {
  return new GatewayError(
    'overloaded',
    'Too many requests with this Idempotency-Key wait for its answer. Try again later.',
  );
}
