import type { LastEvent } from './run.ts';

/** Called when a run is over. `last` is null where it was refused before it began. */
export type EndListener = (last: LastEvent | null) => void;

/** The end of one run, and what everybody who takes part in it has to do then. */
export type RunEnding = {
  /** Calls back once: when the run is over, the last listener first, or at once where it is over already. */
  readonly onEnd: (listener: EndListener) => void;
  /** Ends it. Only the first call counts. */
  readonly end: (last: LastEvent | null) => void;
  /** Calls back once: when nothing of it goes on any more, which after a cancelled run may be later than its end. */
  readonly onGone: (listener: () => void) => void;
  /** Nothing of it goes on, and it has ended. Only the first call counts. */
  readonly gone: () => void;
};

/** The ending of a run that is yet to begin. */
export function createRunEnding(): RunEnding {
  const listeners: EndListener[] = [];
  let ended: { readonly last: LastEvent | null } | null = null;
  const goneListeners: (() => void)[] = [];
  let isGone = false;
  return {
    onEnd(listener) {
      if (ended) listener(ended.last);
      else listeners.push(listener);
    },
    end(last) {
      if (ended) return;
      ended = { last };
      for (const listener of listeners.splice(0).toReversed()) listener(last);
    },
    onGone(listener) {
      if (isGone) listener();
      else goneListeners.push(listener);
    },
    gone() {
      isGone = true;
      for (const listener of goneListeners.splice(0).toReversed()) listener();
    },
  };
}
