/** Lets so many through at a time; the others wait in order. */
export type CallSlots = {
  /** Resolves with what gives the slot back. Rejects with the signal's reason after an abort. */
  readonly take: (signal: AbortSignal) => Promise<() => void>;
};

export function createCallSlots(count: number): CallSlots {
  let free = count;
  const waiting = new Set<() => void>();
  const giveBack = () => {
    const [next] = waiting;
    if (next) {
      waiting.delete(next);
      next();
    } else free += 1;
  };
  return {
    async take(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return giveBack;
      }
      const turn = Promise.withResolvers<void>();
      const leave = () => {
        if (waiting.delete(turn.resolve)) turn.reject(signal.reason);
      };
      waiting.add(turn.resolve);
      signal.addEventListener('abort', leave, { once: true });
      await turn.promise.finally(() => signal.removeEventListener('abort', leave));
      return giveBack;
    },
  };
}
