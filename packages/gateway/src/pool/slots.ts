/** Lets a few of a kind run at once; the others wait in order. */
export type Slots = {
  /** Resolves when it is one's turn, with the function that gives the slot back; calling it again does nothing. */
  readonly acquire: () => Promise<() => void>;
};

/** A slot held for longer than `giveBackAfterMs` is given on, so that something slow delays nobody for ever. */
export function createSlots(options: { count: number; giveBackAfterMs: number }): Slots {
  const waiting: (() => void)[] = [];
  let free = options.count;

  const giveBack = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  const hold = (): (() => void) => {
    let isHeld = true;
    const release = (): void => {
      clearTimeout(timer);
      if (isHeld) giveBack();
      isHeld = false;
    };
    const timer = setTimeout(release, options.giveBackAfterMs).unref();
    return release;
  };

  return {
    async acquire() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return hold();
    },
  };
}
