import { GatewayError } from '../../errors.ts';

const MIB = 1024 * 1024;

/** Longest body of one call. */
export const maxBodyBytes = 64 * MIB;

/** What the bodies of unfinished calls may hold in memory. */
export type RoomLimits = { readonly ofWorkerBytes: number; readonly ofAllBytes: number };

/** One body of the largest size in a worker, and as many workers with such a one as a small machine bears. */
const roomLimits: RoomLimits = { ofWorkerBytes: maxBodyBytes, ofAllBytes: 4 * maxBodyBytes };

/** What one call holds. */
export type HeldBody = {
  /** @throws GatewayError `overloaded` where there is no room for so many bytes more; none are booked. */
  readonly expect: (bytes: number) => void;
  /** Books what has come. @throws GatewayError `overloaded` where there is no room for so many bytes more. */
  readonly add: (bytes: number) => void;
  /** Gives all of it back; once is enough, more does no harm. */
  readonly release: () => void;
};

/**
 * Bounds the bytes of calls that are read whole: of each worker, and in all. No worker holds more than it leaves free, so
 * that however many take what they can get, there is room for the small bodies of the others.
 */
export function createBodyRoom(limits: RoomLimits = roomLimits): (worker: object) => HeldBody {
  const heldOf = new WeakMap<object, number>();
  let heldBytes = 0;
  return (worker) => {
    let own = 0;
    const book = (bytes: number) => {
      own += bytes;
      heldBytes += bytes;
      heldOf.set(worker, (heldOf.get(worker) ?? 0) + bytes);
    };
    const expect = (bytes: number) => {
      const ofWorker = (heldOf.get(worker) ?? 0) + bytes;
      if (ofWorker > limits.ofWorkerBytes) throw noRoom('The agent has', limits.ofWorkerBytes);
      const leftBytes = limits.ofAllBytes - heldBytes - bytes;
      if (ofWorker > leftBytes) throw noRoom('Agents have', heldBytes);
    };
    return {
      expect,
      add(bytes) {
        expect(bytes);
        book(bytes);
      },
      release: () => book(-own),
    };
  };
}

function noRoom(who: string, bytes: number): GatewayError {
  return new GatewayError(
    'overloaded',
    `${who} unfinished model calls of ${Math.round(bytes / MIB)} MiB together, and no more is held. Send this one again when others have ended.`,
    { retryAfterSeconds: 1 },
  );
}
