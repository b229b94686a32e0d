import type { CacheResult } from '../protocol/tools/gateway-tools.ts';

/** Results of one tool, kept for a while, and calls under way that equal ones wait for. */
export type ResultCache = {
  /**
   * The kept result of a key, that of an equal call under way, or a new one, which is kept when it resolves. A caller whose
   * signal aborts waits no longer; the work is ended when nobody waits.
   */
  readonly get: (key: string, signal: AbortSignal, work: Work) => Promise<Found>;
};

export type Work = (signal: AbortSignal) => Promise<string>;

export type Found = { readonly text: string; readonly cache: CacheResult };

export type ResultCacheOptions = {
  readonly ttlMs: number;
  readonly maxEntries: number;
  readonly nowMs: () => number;
};

/** Most characters of results that are kept of one tool. */
const MAX_LENGTH = 32 * 1024 * 1024;

type Kept = { readonly text: string; readonly untilMs: number };

type Flight = {
  readonly result: Promise<string>;
  readonly controller: AbortController;
  waiters: number;
};

/** Keeps nothing yet. Only what worked is kept; what was used longest ago makes room. */
export function createResultCache({ ttlMs, maxEntries, nowMs }: ResultCacheOptions): ResultCache {
  const kept = new Map<string, Kept>();
  const flights = new Map<string, Flight>();
  let length = 0;

  const drop = (key: string) => {
    length -= kept.get(key)?.text.length ?? 0;
    kept.delete(key);
  };
  const keep = (key: string, text: string) => {
    drop(key);
    kept.set(key, { text, untilMs: nowMs() + ttlMs });
    length += text.length;
    for (const oldest of kept.keys()) {
      if (kept.size <= maxEntries && length <= MAX_LENGTH) break;
      drop(oldest);
    }
  };
  const find = (key: string): string | null => {
    const known = kept.get(key);
    if (!known) return null;
    drop(key);
    if (known.untilMs <= nowMs()) return null;
    kept.set(key, known);
    length += known.text.length;
    return known.text;
  };
  const begin = (key: string, work: Work): Flight => {
    const controller = new AbortController();
    const flight = { result: work(controller.signal), controller, waiters: 0 };
    flights.set(key, flight);
    const over = () => {
      if (flights.get(key) === flight) flights.delete(key);
    };
    flight.result.then((text) => {
      over();
      keep(key, text);
    }, over);
    return flight;
  };

  return {
    async get(key, signal, work) {
      const text = find(key);
      if (text !== null) return { text, cache: 'hit' };
      const underWay = flights.get(key);
      const flight = underWay ?? begin(key, work);
      const leave = () => {
        if (flights.get(key) === flight) flights.delete(key);
        flight.controller.abort(signal.reason);
      };
      return { text: await wait(flight, signal, leave), cache: underWay ? 'joined' : 'miss' };
    },
  };
}

/** @param onLast - Called where nobody waits any more and there is no result yet. */
async function wait(flight: Flight, signal: AbortSignal, onLast: () => void): Promise<string> {
  flight.waiters += 1;
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([flight.result, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    flight.waiters -= 1;
    if (signal.aborted && flight.waiters === 0) onLast();
  }
}
