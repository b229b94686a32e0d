import type { Caller } from '../../protocol/policy.ts';
import type { LimitsOf } from './key-limits.ts';
import type { RateLimit, RateReading } from './rate-limit.ts';
import { type RunSlots, tooManyRuns } from './run-slots.ts';

/** What of a key's limits can be told before the body of a request is read. */
export type LimitChecks = {
  /** Counts a request of a key, or of a user by its account; null at once where it has no limit. */
  readonly countRequest: (id: string) => Promise<RateReading> | null;
  /** @throws GatewayError `rate_limited` where the key, or its user, has all the runs going that it may. */
  readonly checkRun: (caller: Pick<Caller, 'keyId' | 'user'>) => void;
};

/** Joins the limits of keys with what counts. */
export function createLimitChecks(deps: {
  readonly limitsOf: LimitsOf;
  readonly rateLimit: RateLimit;
  readonly slots: RunSlots;
}): LimitChecks {
  const { limitsOf, rateLimit, slots } = deps;
  const checkSlots = (id: string) => {
    const held = limitsOf(id);
    if (!held || held.limits.concurrentRuns === null) return;
    const limit = held.limits.concurrentRuns;
    if (!slots.hasFree(held.account, limit)) throw tooManyRuns(limit, id);
  };
  return {
    countRequest(id) {
      const held = limitsOf(id);
      if (!held || held.limits.requestsPerMinute === null) return null;
      return rateLimit.take(held.account, held.limits.requestsPerMinute);
    },
    checkRun({ keyId, user }) {
      checkSlots(keyId);
      if (user?.account !== undefined) checkSlots(user.account);
    },
  };
}

/**
 * Makes the step in which a run takes one of those that its key, or a user by its account, may have at once; what it
 * returns gives it back, once however often it is called.
 *
 * @throws GatewayError `rate_limited`, from what it returns, where all of them are going.
 */
export function createTakeSlot({
  limitsOf,
  slots,
}: {
  readonly limitsOf: LimitsOf;
  readonly slots: RunSlots;
}): (id: string) => () => void {
  return (id) => {
    const held = limitsOf(id);
    if (!held || held.limits.concurrentRuns === null) return () => undefined;
    const limit = held.limits.concurrentRuns;
    const giveBack = slots.take(held.account, limit);
    if (giveBack) return giveBack;
    throw tooManyRuns(limit, id);
  };
}
