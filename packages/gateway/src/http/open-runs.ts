import type { GatewayError } from '../errors.ts';

/** The runs whose callers wait for an answer, so that a stop can end them. */
export type OpenRuns = {
  /** Adds a run by what ends its answer at once; the returned function removes it. */
  readonly add: (end: (failure: GatewayError) => void) => () => void;
  /** Ends every answer with that failure. */
  readonly endAll: (failure: GatewayError) => void;
  readonly count: () => number;
};

export function createOpenRuns(): OpenRuns {
  const open = new Set<(failure: GatewayError) => void>();
  return {
    add(end) {
      open.add(end);
      return () => void open.delete(end);
    },
    endAll(failure) {
      for (const end of [...open]) end(failure);
    },
    count: () => open.size,
  };
}
