/** Lets a few of a kind run at once; the others wait in order. */
export type Slots = {
  /** Resolves when it is one's turn. */
  readonly acquire: () => Promise<Slot>;
};

export type Slot = {
  /**
   * Has the slot given on when its holder does nothing but wait. Asked every now and then.
   *
   * @param isWaiting - Whether it waited all the time since it was asked last.
   */
  readonly watch: (isWaiting: () => boolean) => void;
  /** Gives the slot back; calling it again does nothing. */
  readonly release: () => void;
};

/** A holder that only waits delays nobody: every `lookEveryMs` it is looked at, and its slot given on. */
export function createSlots(options: { count: number; lookEveryMs: number }): Slots {
  const waiting: (() => void)[] = [];
  let free = options.count;

  const giveBack = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  const hold = (): Slot => {
    let isHeld = true;
    let timer: NodeJS.Timeout | undefined;
    const release = (): void => {
      clearInterval(timer);
      if (isHeld) giveBack();
      isHeld = false;
    };
    const watch: Slot['watch'] = (isWaiting) => {
      clearInterval(timer);
      if (!isHeld) return;
      timer = setInterval(() => isWaiting() && release(), options.lookEveryMs).unref();
    };
    return { watch, release };
  };

  return {
    async acquire() {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      return hold();
    },
  };
}
