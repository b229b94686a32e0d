import type { Caller, KeyLimits } from '../../protocol/policy.ts';
import { type Run, whenOver } from '../when-over.ts';
import type { Budgets } from './budgets.ts';
import type { LimitsOf } from './key-limits.ts';
import { type RunSlots, tooManyRuns } from './run-slots.ts';

export type LimitRunsDeps = {
  readonly slots: RunSlots;
  readonly limitsOf: LimitsOf;
  readonly budgets: Pick<Budgets, 'check'>;
};

/**
 * Holds a verb that starts runs to the limits of its callers' keys. A slot is taken before the run is admitted and
 * given back when it is refused, when its events end or are left, and when it is cancelled before anybody read them.
 *
 * @throws GatewayError `rate_limited` or `quota_exhausted`, from what it returns; nothing runs then.
 */
export function limitRuns<Input, Event, Started extends Run<Event>>(
  deps: LimitRunsDeps,
  startRun: (caller: Caller, input: Input, signal?: AbortSignal) => Promise<Started>,
): (caller: Caller, input: Input, signal?: AbortSignal) => Promise<Started> {
  return async (caller, input, signal) => {
    const limited = deps.limitsOf(caller.keyId);
    if (!limited) return startRun(caller, input, signal);
    const { account, limits } = limited;
    const giveBack = takeSlot(deps.slots, account, limits.concurrentRuns);
    try {
      if (hasBudget(limits)) await deps.budgets.check(caller.keyId);
      const run = await startRun(caller, input, signal);
      return giveBack ? whenOver(run, giveBack) : run;
    } catch (error) {
      giveBack?.();
      throw error;
    }
  };
}

function takeSlot(slots: RunSlots, account: string, limit: number | null): (() => void) | null {
  if (limit === null) return null;
  const giveBack = slots.take(account, limit);
  if (giveBack) return giveBack;
  throw tooManyRuns(limit);
}

function hasBudget({ tokensPerDay, tokensPerMonth }: KeyLimits): boolean {
  return tokensPerDay !== null || tokensPerMonth !== null;
}
