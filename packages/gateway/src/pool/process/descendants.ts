import { childrenOf, processStat } from '../../system/processes.ts';

/** A process, told apart from a later one with its pid. */
export type KnownProcess = { readonly pid: number; readonly startTicks: string };

/** The processes that come from one, as far as they were seen. */
export type Descendants = {
  /** Looks who is there now. True where another one is outside the session of the first. */
  readonly look: () => boolean;
  /** Pids of those that lived at the last look, the first not among them. */
  readonly pids: () => readonly number[];
  /** Those that live in another session: a signal to the group of the first does not reach them. */
  readonly outside: () => readonly KnownProcess[];
};

/**
 * Follows the children of a process, and theirs. One that was seen stays known when its parent ends, so that a daemon
 * does not get lost. Where the system does not tell children there are none.
 */
export function createDescendants(pid: number): Descendants {
  let known = new Map<number, KnownProcess & { readonly isOutside: boolean }>();
  const startTicks = processStat(pid)?.startTicks;
  // Once it is gone, its number may be that of a stranger.
  const first = () => (processStat(pid)?.startTicks === startTicks ? [pid] : []);

  const survivors = () =>
    [...known.values()].filter((one) => processStat(one.pid)?.startTicks === one.startTicks);

  return {
    look() {
      const found = new Map(survivors().map((one) => [one.pid, one]));
      let isNewOutside = false;
      const waiting = [...first(), ...found.keys()];
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        for (const child of childrenOf(next)) {
          const stat = found.has(child) ? null : processStat(child);
          if (stat === null) continue;
          const isOutside = stat.session !== pid;
          found.set(child, { pid: child, startTicks: stat.startTicks, isOutside });
          waiting.push(child);
        }
      }
      for (const one of found.values()) {
        // A child leaves the session some time after its start.
        const isOutside = one.isOutside || processStat(one.pid)?.session !== pid;
        isNewOutside ||= isOutside && !known.get(one.pid)?.isOutside;
        found.set(one.pid, { ...one, isOutside });
      }
      known = found;
      return isNewOutside;
    },
    pids: () => [...known.keys()],
    outside: () =>
      [...known.values()]
        .filter(({ isOutside }) => isOutside)
        .map((one) => ({ pid: one.pid, startTicks: one.startTicks })),
  };
}
