/** Runs that are over for their callers and go on in their worker: what they hold is held until they are over there too. */
export type Outlivers = {
  /** `gone` is called once, when the worker says so or is no more. */
  readonly add: (runId: string, gone: () => void) => void;
  /** The worker says that nothing of it goes on. */
  readonly over: (runId: string) => void;
  /** The worker is no more. */
  readonly allOver: () => void;
};

/** @param options.onOverstayed - Called for each that is not over in time; it stays on the list. */
export function createOutlivers(options: {
  readonly timeoutMs: number;
  readonly onOverstayed: () => void;
}): Outlivers {
  const held = new Map<string, { readonly gone: () => void; readonly timer: NodeJS.Timeout }>();
  const over = (runId: string) => {
    const outliver = held.get(runId);
    held.delete(runId);
    clearTimeout(outliver?.timer);
    outliver?.gone();
  };
  return {
    add(runId, gone) {
      const timer = setTimeout(options.onOverstayed, options.timeoutMs).unref();
      held.set(runId, { gone, timer });
    },
    over,
    allOver() {
      for (const runId of [...held.keys()]) over(runId);
    },
  };
}
