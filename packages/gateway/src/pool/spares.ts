import type { Member } from './roster.ts';

/** How long to wait before the next spare after one died unused; doubles up to the longest. */
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

/** Processes started ahead of need: the SDK is in memory, a module is not. */
export type Spares = {
  /** Starts what is missing. */
  readonly fill: () => void;
  /** One that is ready or will be sooner than a new one; null where there is none. The caller owns it from here. */
  readonly take: () => Member | null;
  /** Ends them and makes no more. */
  readonly close: () => Promise<void>;
};

/** Makes spares, none started yet. One that dies unused is replaced, later each time, so that a broken start does not spin. */
export function createSpares(options: {
  readonly count: number;
  readonly start: () => Member;
  readonly onFault: (error: unknown) => void;
}): Spares {
  const spares: Member[] = [];
  let retryMs = FIRST_RETRY_MS;
  let retryTimer: NodeJS.Timeout | null = null;
  let isClosed = false;

  const fill = (): void => {
    if (retryTimer) return;
    try {
      while (!isClosed && spares.length < options.count) add();
    } catch (error) {
      options.onFault(error);
      refillLater();
    }
  };
  const add = (): void => {
    const spare = options.start();
    spares.push(spare);
    void spare.process.ready.then((isReady) => {
      if (isReady) retryMs = FIRST_RETRY_MS;
    });
    void spare.process.ended.then(() => {
      const index = spares.indexOf(spare);
      if (index === -1) return;
      spares.splice(index, 1);
      refillLater();
    });
  };
  const refillLater = (): void => {
    if (isClosed || retryTimer) return;
    retryTimer = setTimeout(() => {
      retryTimer = null;
      fill();
    }, retryMs).unref();
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
  };

  return {
    fill,
    take() {
      const index = spares.findIndex((spare) => spare.process.isOpen);
      return index === -1 ? null : (spares.splice(index, 1)[0] ?? null);
    },
    async close() {
      isClosed = true;
      if (retryTimer) clearTimeout(retryTimer);
      await Promise.all(spares.splice(0).map((spare) => spare.process.end('shutdown')));
    },
  };
}
