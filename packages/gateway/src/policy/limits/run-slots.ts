import { GatewayError } from '../../errors.ts';
import { isOfUsers } from '../../protocol/security/user-principal.ts';

/** How many runs each account has going. */
export type RunSlots = {
  /** A function that gives the slot back, once however often it is called; null where none is free. */
  readonly take: (account: string, limit: number) => (() => void) | null;
  readonly hasFree: (account: string, limit: number) => boolean;
};

/** Counts runs of this process. */
export function createRunSlots(): RunSlots {
  const taken = new Map<string, number>();
  const hasFree = (account: string, limit: number) => (taken.get(account) ?? 0) < limit;
  return {
    hasFree,
    take(account, limit) {
      if (!hasFree(account, limit)) return null;
      taken.set(account, (taken.get(account) ?? 0) + 1);
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        const left = (taken.get(account) ?? 1) - 1;
        if (left > 0) taken.set(account, left);
        else taken.delete(account);
      };
    },
  };
}

/** That a key, or a user by its account, may have no more runs at once. */
export function tooManyRuns(limit: number, id: string): GatewayError {
  const runs = limit === 1 ? 'one run' : `${limit} runs`;
  return new GatewayError(
    'rate_limited',
    `${isOfUsers(id) ? 'This user' : 'This key'} may have ${runs} at once. Try again when one has ended.`,
    { retryAfterSeconds: 1 },
  );
}
