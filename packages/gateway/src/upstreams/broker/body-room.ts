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
  /** @throws GatewayError `overloaded` where there is no room for so many bytes more. */
  readonly add: (bytes: number) => void;
  /** Gives all of it back; once is enough, more does no harm. */
  readonly release: () => void;
};

/** Bounds the bytes of calls that are read whole: of each worker, so that none takes the room of others, and in all. */
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
    return {
      add(bytes) {
        const ofWorker = (heldOf.get(worker) ?? 0) + bytes;
        if (ofWorker > limits.ofWorkerBytes) throw noRoom('The agent has', limits.ofWorkerBytes);
        if (heldBytes + bytes > limits.ofAllBytes) throw noRoom('Agents have', limits.ofAllBytes);
        book(bytes);
      },
      release: () => book(-own),
    };
  };
}

function noRoom(who: string, bytes: number): GatewayError {
  return new GatewayError(
    'overloaded',
    `${who} unfinished model calls of ${bytes / MIB} MiB together, and no more is held. Send this one again when others have ended.`,
    { retryAfterSeconds: 1 },
  );
}
