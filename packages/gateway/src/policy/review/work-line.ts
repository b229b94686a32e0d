import { setImmediate } from 'node:timers/promises';
import { GatewayError } from '../../errors.ts';

export type WorkLineLimits = {
  /** What it is about, in the plural: `previews`. */
  readonly what: string;
  /** Of one key, that which is worked on included. */
  readonly ofKey: number;
  readonly ofAll: number;
};

/**
 * Does work when its turn comes: one piece at a time, however many ask, with the gateway’s other work in between.
 *
 * @param signal - Gives up the place of work that waits, with its reason.
 * @throws GatewayError `rate_limited` where the key has as many waiting as it may, `overloaded` where all together have.
 */
export type WorkLine = <Result>(
  keyId: string,
  work: () => Promise<Result>,
  signal?: AbortSignal,
) => Promise<Result>;

/** Makes the line of one kind of work. */
export function createWorkLine(limits: WorkLineLimits): WorkLine {
  const ofKey = new Map<string, number>();
  let ofAll = 0;
  const turns = createTurns();
  const count = (keyId: string, change: 1 | -1) => {
    ofAll += change;
    const left = (ofKey.get(keyId) ?? 0) + change;
    if (left > 0) ofKey.set(keyId, left);
    else ofKey.delete(keyId);
  };
  return async (keyId, work, signal) => {
    signal?.throwIfAborted();
    if ((ofKey.get(keyId) ?? 0) >= limits.ofKey) throw tooManyOfKey(limits);
    if (ofAll >= limits.ofAll) throw tooMany(limits);
    count(keyId, 1);
    try {
      await turns.take(signal);
      try {
        return await work();
      } finally {
        void turns.pass();
      }
    } finally {
      count(keyId, -1);
    }
  };
}

function createTurns() {
  const waiting = new Set<() => void>();
  let isTaken = false;
  return {
    take(signal?: AbortSignal): Promise<void> {
      if (!isTaken) {
        isTaken = true;
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiting.delete(begin);
          reject(signal?.reason);
        };
        const begin = () => {
          signal?.removeEventListener('abort', leave);
          resolve();
        };
        waiting.add(begin);
        signal?.addEventListener('abort', leave, { once: true });
      });
    },
    async pass(): Promise<void> {
      await setImmediate();
      const [next] = waiting;
      isTaken = next !== undefined;
      if (!next) return;
      waiting.delete(next);
      next();
    },
  };
}

function tooManyOfKey({ what, ofKey }: WorkLineLimits): GatewayError {
  return new GatewayError(
    'rate_limited',
    `This key has ${ofKey} ${what} that are not answered yet. Wait for one of them before you ask for more.`,
    { retryAfterSeconds: 1 },
  );
}

function tooMany({ what, ofAll }: WorkLineLimits): GatewayError {
  return new GatewayError(
    'overloaded',
    `${ofAll} ${what} are not answered yet, and no more may wait. Try again in a moment.`,
    { retryAfterSeconds: 1 },
  );
}
