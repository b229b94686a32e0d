import { statSync } from 'node:fs';
import { basename, dirname } from 'node:path';

/** A person who has saved a file waits about as long without a thought. */
const POLL_MS = 300;

/** Files that are looked at time and again. */
export type PolledFiles = {
  /** Which files; replaces the set before. A change from now on is told. */
  readonly set: (paths: readonly string[]) => void;
  readonly close: () => void;
};

/**
 * Whether a file lies beside what the gateway itself writes all the time. The system would tell of each of these writes,
 * and to see that none of them concerns the file costs more than to look at it.
 */
export function isPolled(path: string): boolean {
  return basename(dirname(path)) === '.dropgate';
}

/** Tells of files that came, changed or went. */
export function createPolledFiles(
  onChange: (path: string, now: 'gone' | 'there') => void,
): PolledFiles {
  let seen = new Map<string, string>();
  const look = (): void => {
    for (const [path, before] of seen) {
      const now = stateOf(path);
      if (now === before) continue;
      seen.set(path, now);
      onChange(path, now === gone ? 'gone' : 'there');
    }
  };
  let timer: NodeJS.Timeout | null = null;
  return {
    set(paths) {
      seen = new Map(paths.map((path) => [path, seen.get(path) ?? stateOf(path)]));
      if (seen.size > 0) timer ??= setInterval(look, POLL_MS).unref();
    },
    close() {
      if (timer) clearInterval(timer);
      seen.clear();
    },
  };
}

const gone = 'gone';

function stateOf(path: string): string {
  try {
    const { ino, size, mtimeMs, ctimeMs } = statSync(path);
    return [ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return gone;
  }
}
