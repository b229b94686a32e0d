/** Tries something again, later each time. */
export type Retry = {
  /** Tries again after a pause; once, however often it is called meanwhile. The process may end before. */
  readonly later: () => void;
  readonly cancel: () => void;
  /** The next pause is the first one again. */
  readonly startOver: () => void;
};

/**
 * Makes what calls `again` after pauses.
 *
 * @param pausesMs - The first pause, and the longest; each is twice the one before it.
 */
export function createRetry(
  again: () => void,
  pausesMs: { readonly first: number; readonly longest: number },
): Retry {
  let pauseMs = pausesMs.first;
  let timer: NodeJS.Timeout | null = null;
  return {
    later() {
      if (timer) return;
      timer = setTimeout(() => {
        timer = null;
        again();
      }, pauseMs).unref();
      pauseMs = Math.min(pauseMs * 2, pausesMs.longest);
    },
    cancel() {
      if (timer) clearTimeout(timer);
      timer = null;
    },
    startOver() {
      pauseMs = pausesMs.first;
    },
  };
}
