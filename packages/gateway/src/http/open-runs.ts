import type { GatewayError } from '../errors.ts';
import type { Run } from '../runs/run.ts';

/** The runs that go on, so that a stop can end them. */
export type OpenRuns = {
  /** Adds a run, until it is over. */
  readonly add: (run: Pick<Run, 'cancel' | 'onEnd'>) => void;
  /** Ends every run with that failure. */
  readonly endAll: (failure: GatewayError) => void;
};

export function createOpenRuns(): OpenRuns {
  const open = new Set<Pick<Run, 'cancel'>>();
  return {
    add(run) {
      open.add(run);
      run.onEnd(() => open.delete(run));
    },
    endAll(failure) {
      for (const { cancel } of [...open]) cancel(failure);
    },
  };
}
