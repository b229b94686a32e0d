export type ChangeBatchOptions = {
  /** How long nothing may happen before a batch is given out. */
  readonly quietMs: number;
  /** The same while something in the batch is gone: editors and git delete a file to write it anew. */
  readonly goneQuietMs: number;
  /** A batch is given out this long after its first change, whatever still happens. */
  readonly latestMs: number;
  readonly onBatch: (changed: ReadonlySet<string>) => void;
};

/** Changes that belong together: one save, one checkout. */
export type ChangeBatch = {
  readonly add: (path: string, now: 'there' | 'gone') => void;
  /** Something still happens to this path: where it is in the batch, the quiet begins anew. */
  readonly prolong: (path: string) => void;
  /** Drops what is waiting; nothing is given out afterwards. */
  readonly close: () => void;
};

/** Gathers changed paths and gives them out in one set once it is quiet. */
export function createChangeBatch(options: ChangeBatchOptions): ChangeBatch {
  let changed = new Set<string>();
  let latestAtMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const gone = new Set<string>();

  function giveOut(): void {
    const batch = changed;
    changed = new Set();
    gone.clear();
    timer = undefined;
    options.onBatch(batch);
  }

  function waitForQuiet(): void {
    const quietMs = gone.size > 0 ? options.goneQuietMs : options.quietMs;
    clearTimeout(timer);
    timer = setTimeout(giveOut, Math.max(0, Math.min(quietMs, latestAtMs - performance.now())));
  }

  return {
    add(path, now) {
      if (closed) return;
      if (changed.size === 0) latestAtMs = performance.now() + options.latestMs;
      changed.add(path);
      if (now === 'gone') gone.add(path);
      else gone.delete(path);
      waitForQuiet();
    },
    prolong(path) {
      if (changed.has(path) && !closed) waitForQuiet();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
