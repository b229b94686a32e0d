import type { Emit } from '../../events.ts';
import type { UsedModel } from '../../protocol/usage/usage.ts';
import type { RemoteUpstream, Upstream } from '../upstream.ts';
import type { ModelListing } from './list-models.ts';
import { findRetirements, type Retirement, USED_WITHIN_DAYS } from './retirements.ts';

/** By then a gateway that starts has loaded its agents. */
const FIRST_CHECK_MS = 60_000;

const CHECK_INTERVAL_MS = 86_400_000;

export type RetirementWarnings = {
  /** Which there are now, without saying so. Rejects where the store cannot be read. */
  readonly find: () => Promise<readonly Retirement[]>;
  /** Looks now; happens by itself a minute after the start, and once a day. Never rejects. */
  readonly check: () => Promise<void>;
  readonly start: () => void;
  readonly close: () => void;
};

/** Says `model_retiring` once a day of each model that was used in the last 30 days and ends, or has ended. */
export function createRetirementWarnings(deps: {
  readonly usedSince: (sinceMs: number) => Promise<readonly UsedModel[]>;
  readonly upstreams: () => ReadonlyMap<string, Upstream>;
  readonly listingOf: (upstream: RemoteUpstream) => Promise<ModelListing>;
  readonly nowMs: () => number;
  readonly emit: Emit;
}): RetirementWarnings {
  const timers: NodeJS.Timeout[] = [];

  async function find(): Promise<readonly Retirement[]> {
    const nowMs = deps.nowMs();
    const used = await deps.usedSince(nowMs - USED_WITHIN_DAYS * 86_400_000);
    const { listingOf } = deps;
    return findRetirements(used, { upstreams: deps.upstreams(), listingOf, nowMs });
  }

  async function check(): Promise<void> {
    try {
      for (const each of await find()) deps.emit({ type: 'model_retiring', ...each });
    } catch (error) {
      deps.emit({ type: 'fault_survived', where: 'model retirements', error });
    }
  }

  return {
    find,
    check,
    start() {
      timers.push(setTimeout(() => void check(), FIRST_CHECK_MS).unref());
      timers.push(setInterval(() => void check(), CHECK_INTERVAL_MS).unref());
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
