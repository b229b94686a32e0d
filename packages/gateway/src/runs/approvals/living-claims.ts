import type { Emit } from '../../events.ts';
import type { ApprovalStore, RunClaimKey } from '../../protocol/state/approval-store.ts';

/** How long a claim holds without being renewed. */
export const CLAIM_MS = 60_000;

/** How long one is renewed before its holder goes on. */
const MOST_IDLE_MS = 900_000;

/** The claims of this process: renewed for as long as what holds them goes on, so that one of a dead gateway is known. */
export type LivingClaims = {
  readonly add: (claim: RunClaimKey) => void;
  /** A run goes on with it now, until it ends. */
  readonly begun: (claim: RunClaimKey) => void;
  /** Gives it back, or ends it. Never throws: what the store does not take is said again later. */
  readonly settle: (claim: RunClaimKey, how: 'release' | 'end') => Promise<void>;
};

export function createLivingClaims({
  store,
  nowMs,
  emit,
}: {
  readonly store: Pick<ApprovalStore, 'renew' | 'release' | 'end'>;
  readonly nowMs: () => number;
  readonly emit: Emit;
}): LivingClaims {
  const living = new Map<string, { claim: RunClaimKey; sinceMs: number; isBegun: boolean }>();
  const unsettled = new Map<string, { claim: RunClaimKey; how: 'release' | 'end' }>();
  let timer: NodeJS.Timeout | null = null;

  const tick = async () => {
    const held = [...living.values()].filter(
      ({ isBegun, sinceMs }) => isBegun || nowMs() - sinceMs < MOST_IDLE_MS,
    );
    const open = [...held, ...unsettled.values()].map(({ claim }) => claim);
    try {
      if (open.length > 0) await store.renew(open, nowMs() + CLAIM_MS);
      for (const [token, { claim, how }] of unsettled) {
        await store[how](claim);
        unsettled.delete(token);
      }
    } catch {
      // Tried again; a claim that is not renewed in time ends by itself.
    }
    rest();
  };
  const watch = () => {
    timer ??= setInterval(() => void tick(), CLAIM_MS / 3).unref();
  };
  const rest = () => {
    if (living.size + unsettled.size > 0 || !timer) return;
    clearInterval(timer);
    timer = null;
  };
  return {
    add(claim) {
      living.set(claim.token, { claim, sinceMs: nowMs(), isBegun: false });
      watch();
    },
    begun(claim) {
      living.set(claim.token, { claim, sinceMs: nowMs(), isBegun: true });
    },
    async settle(claim, how) {
      living.delete(claim.token);
      try {
        await store[how](claim);
      } catch (error) {
        unsettled.set(claim.token, { claim, how });
        watch();
        emit({ type: 'fault_survived', where: 'approvals', error });
      }
      rest();
    },
  };
}
