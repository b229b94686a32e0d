import { GatewayError } from '../../errors.ts';
import type { ApprovalStore } from '../../protocol/state/approval-store.ts';
import type { Approval } from '../../protocol/state/approvals.ts';
import type { Answerer } from './approval-types.ts';
import { newestOf } from './find-calls.ts';

/** Wrong codes in one place after which nothing waits there any more. */
const MOST_WRONG = 5;

/** Counts wrong codes where they are tried; throws what is said of each. */
export function createWrongCode({
  store,
  nowMs,
  onDropped,
}: {
  readonly store: ApprovalStore;
  readonly nowMs: () => number;
  /** Told of calls that nobody can approve any more. */
  readonly onDropped: (approvals: readonly Approval[]) => void;
}): (code: string, by: Answerer) => Promise<never> {
  return async (code, { caller, user, place }) => {
    if (place) {
      const where = { keyId: caller.keyId, user, ...newestOf(place) };
      const runs = (await store.askedIn(where)).filter(({ status }) => status === 'waiting');
      const ids = runs.map(({ runId }) => runId);
      if ((await store.countWrongCode(ids)) >= MOST_WRONG) {
        const reason = `${MOST_WRONG} wrong codes were tried.`;
        onDropped(await store.drop(ids, { status: 'denied', reason, nowMs: nowMs() }));
        throw new GatewayError(
          'record_not_found',
          `No call waits for the code ${shown(code)} here. It was the ${MOST_WRONG}th wrong one: the calls that waited are denied. Ask again.`,
        );
      }
    }
    throw new GatewayError(
      'record_not_found',
      `No call waits for the code ${shown(code)} here. Write it as it was given, in the conversation where it was given.`,
    );
  };
}

/** Callers may write anything. */
function shown(code: string): string {
  return code.replaceAll(/[^0-9A-Za-z-]/g, '').slice(0, 16);
}
