import type { UsedModel } from '../../protocol/usage/usage.ts';
import { aliasOf } from '../relay/model-aliases.ts';
import type { RemoteUpstream, Upstream } from '../upstream.ts';
import { announcedShutdown } from './announced-retirements.ts';
import type { ModelListing } from './list-models.ts';

/** Days back in which a model was used by whoever still needs it. */
export const USED_WITHIN_DAYS = 30;

const DAY_MS = 86_400_000;

/** A model that was used lately and ends, or has ended. */
export type Retirement = {
  readonly upstream: string;
  /** As it is sent. */
  readonly model: string;
  /** `2026-12-11` */
  readonly endsOn: string;
  /** 0 on that day, negative after it. */
  readonly daysLeft: number;
  /** Ids, sorted. */
  readonly agents: readonly string[];
  readonly keys: readonly string[];
};

/**
 * Which of the models that were used lately end, what ends soonest first. Only upstreams that are in use are asked for
 * their models. Never rejects.
 */
export async function findRetirements(
  used: readonly UsedModel[],
  {
    upstreams,
    listingOf,
    nowMs,
  }: {
    readonly upstreams: ReadonlyMap<string, Upstream>;
    readonly listingOf: (upstream: RemoteUpstream) => Promise<ModelListing>;
    readonly nowMs: number;
  },
): Promise<Retirement[]> {
  const byUpstream = Map.groupBy(used, ({ upstream }) => upstream);
  const found = await Promise.all(
    [...byUpstream].map(async ([name, uses]) => {
      const upstream = upstreams.get(name);
      if (upstream?.type !== 'remote') return [];
      const listing = await listingOf(upstream);
      const bySent = Map.groupBy(uses, ({ model }) => aliasOf(model, upstream.modelAliases));
      return [...bySent].flatMap(([model, all]) => {
        const endsOn = shutdownOf(model, upstream, listing);
        return endsOn === null ? [] : [retirement({ upstream: name, model, endsOn }, all, nowMs)];
      });
    }),
  );
  return found.flat().toSorted((a, b) => a.daysLeft - b.daysLeft);
}

/** In a few words: `ends in 12 days, on 2026-12-11`. */
export function endOf({ daysLeft, endsOn }: Pick<Retirement, 'daysLeft' | 'endsOn'>): string {
  if (daysLeft < 0) return `ended on ${endsOn}`;
  if (daysLeft === 0) return `ends today, on ${endsOn}`;
  return `ends in ${daysLeft} ${daysLeft === 1 ? 'day' : 'days'}, on ${endsOn}`;
}

function shutdownOf(model: string, { baseUrl }: RemoteUpstream, listing: ModelListing) {
  const listed = listing.type === 'listed' ? listing.models.find(({ id }) => id === model) : null;
  return listed?.shutdownDate ?? announcedShutdown(baseUrl, model);
}

function retirement(
  what: Pick<Retirement, 'upstream' | 'model' | 'endsOn'>,
  uses: readonly UsedModel[],
  nowMs: number,
): Retirement {
  const today = Math.floor(nowMs / DAY_MS);
  return {
    ...what,
    daysLeft: Math.floor(Date.parse(what.endsOn) / DAY_MS) - today,
    agents: [...new Set(uses.map(({ agentId }) => agentId))].toSorted(),
    keys: [...new Set(uses.map(({ keyId }) => keyId))].toSorted(),
  };
}
