import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';

/** The memory of a process that may have nothing to do for long. */
export type IdleMemory = {
  /** To be told when something begins. */
  readonly use: () => void;
  /** To be asked about once a second, with whether something still goes on. */
  readonly look: (isBusy: boolean) => void;
};

/** A process that is used again sooner keeps what it has: what is given back has to be made again. */
const IDLE_AFTER_MS = 60_000;

/** Less than this is not worth the work, which takes as long as a few dozen runs, and some code has to be made fast anew. */
const LEAST_NEW_SPACE_BYTES = 8 * 1024 * 1024;

/**
 * Gives back what V8 keeps ready for new objects once nothing was done for a minute: it does so itself only in a
 * process that goes on making some. To be made before a module is loaded, which is kept from the flags of V8.
 */
export function createIdleMemory(nowMs: () => number = () => performance.now()): IdleMemory {
  const { setFlagsFromString } = v8;
  let idleSinceMs = nowMs();
  let isDone = false;
  const use = (): void => {
    idleSinceMs = nowMs();
    isDone = false;
  };
  return {
    use,
    look(isBusy) {
      if (isBusy) use();
      else if (!isDone && nowMs() - idleSinceMs >= IDLE_AFTER_MS) {
        isDone = true;
        if (newSpaceBytes() >= LEAST_NEW_SPACE_BYTES) collect(setFlagsFromString);
      }
    },
  };
}

function newSpaceBytes(): number {
  const spaces = v8.getHeapSpaceStatistics();
  return spaces.find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/** Any other flavour keeps the pages for later. */
function collect(setFlags: (flags: string) => void): void {
  setFlags('--expose-gc');
  const gc: Collect = runInNewContext('gc');
  setFlags('--no-expose-gc');
  gc({ type: 'major', flavor: 'last-resort' });
}
