import { failures, type GatewayError } from '../../errors.ts';
import { isLastEvent, type LastEvent, type RunEvent } from '../../protocol/run.ts';
import type { KeptReply } from '../../protocol/state/idempotency.ts';
import type { Run } from '../../runs/run.ts';

/** What is known of a run beside its answer. */
export type RunOutcome = {
  /** The same run, which is looked at as it goes on. */
  readonly follow: (run: Run) => Run;
  /** Whether it must not be run again after that failure. */
  readonly isForGood: (error: Pick<GatewayError, 'mayRetry'>) => boolean;
  /** The failure that it ended in itself. */
  readonly failure: () => { readonly status: number; readonly mayRetry: boolean } | null;
  /** What is kept where it was ended because nobody waited for it, and may have done something by then. */
  readonly leftAlone: () => KeptReply | null;
};

/**
 * A run that began may have done what must not be done twice: one of which a tool ran, and one that its author's own code
 * carries out, of which no event tells.
 *
 * @param unwanted - Aborted where nobody waits for it any more.
 */
export function createRunOutcome(unwanted: AbortSignal): RunOutcome {
  let hasActed = false;
  let hasBegun = false;
  let last: LastEvent | null = null as LastEvent | null;
  const note = (event: RunEvent) => {
    if (event.type === 'tool_started') hasActed = true;
    if (isLastEvent(event)) last = event;
  };
  return {
    follow(run) {
      hasBegun = true;
      hasActed = run.actsUntold;
      return {
        ...run,
        sendTo: (sink) =>
          run.sendTo({
            write(event) {
              note(event);
              return sink.write(event);
            },
          }),
      };
    },
    // Of one that was ended because nobody waited, that is no failure of its own.
    isForGood: ({ mayRetry }) => hasBegun && (hasActed || !(mayRetry || unwanted.aborted)),
    failure() {
      if (last?.type !== 'failed') return null;
      const row = failures[last.code];
      return { status: row.status, mayRetry: !('retry' in row) };
    },
    leftAlone: () => (unwanted.aborted && hasActed ? nobodyWaited : null),
  };
}

const nobodyWaited: KeptReply = {
  form: 'unknown',
  status: 409,
  headers: {},
  body: 'The caller of the first request with this Idempotency-Key left, nobody asked again in time, and the run was ended. What its tools did until then is done.',
};
