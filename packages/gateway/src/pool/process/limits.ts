import { memoryShareMb, residentMb } from '../../system/processes.ts';
import type { Descendants } from './descendants.ts';

/** What a worker may use with all its children, and whom to tell. */
export type LimitOptions = {
  readonly pid: number;
  readonly descendants: Descendants;
  readonly memoryLimitMb: number;
  readonly processLimit: number;
  readonly onMemory: (heldMb: number) => void;
  readonly onProcesses: (count: number) => void;
  /** A child left the worker's session. */
  readonly onOutside: () => void;
};

export type Limits = {
  readonly checkMemory: () => void;
  readonly checkProcesses: () => void;
  /** Memory that a worker reported of itself, for where the system does not. */
  readonly reported: (rssMb: number) => void;
  /** Of all its processes at the last look, in MiB; null before the first. */
  readonly rssMb: () => number | null;
};

/** Compares what a worker uses with what it may use, whenever it is asked to. */
export function createLimits(options: LimitOptions): Limits {
  const { pid, descendants, memoryLimitMb, processLimit } = options;
  let rssMb: number | null = null;

  return {
    checkMemory() {
      const children = descendants.pids();
      const ownMb = residentMb(pid);
      if (ownMb !== null) rssMb = ownMb + sum(children.map((child) => residentMb(child) ?? 0));
      if (rssMb === null || rssMb <= memoryLimitMb) return;
      // What processes share was counted for each of them.
      const heldMb = children.length > 0 ? shareOf([pid, ...children]) : rssMb;
      if (heldMb > memoryLimitMb) options.onMemory(heldMb);
    },
    checkProcesses() {
      if (descendants.look()) options.onOutside();
      const count = descendants.pids().length + 1;
      if (count > processLimit) options.onProcesses(count);
    },
    reported(mb) {
      if (process.platform !== 'linux') rssMb = mb;
    },
    rssMb: () => rssMb,
  };
}

/** Of one that does not tell its share, all it holds is counted. */
function shareOf(pids: readonly number[]): number {
  return sum(pids.map((pid) => memoryShareMb(pid) ?? residentMb(pid) ?? 0));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
