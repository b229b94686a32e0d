import type { RemoteUpstream } from '../upstream.ts';
import type { ModelListing } from './list-models.ts';

/** Who looks again after mending something sees it; who looks all the time asks the server seldom. */
const FRESH_MS = 10_000;

/** More upstreams than anybody has; they come from the settings. */
const MAX_KEPT = 256;

export type ModelLists = {
  /** What the server says, now or a moment ago. Never rejects. */
  readonly of: (upstream: RemoteUpstream) => Promise<ModelListing>;
};

/** Asks servers for their models, each at most every ten seconds. */
export function createModelLists(
  ask: (upstream: RemoteUpstream) => Promise<ModelListing>,
  nowMs: () => number,
): ModelLists {
  const kept = new Map<
    string,
    { readonly untilMs: number; readonly listing: Promise<ModelListing> }
  >();
  return {
    of(upstream) {
      const id = `${upstream.name} ${upstream.baseUrl} ${upstream.apiKey ?? ''}`;
      const known = kept.get(id);
      if (known && known.untilMs > nowMs()) return known.listing;
      if (kept.size >= MAX_KEPT) kept.clear();
      const listing = ask(upstream);
      kept.set(id, { untilMs: nowMs() + FRESH_MS, listing });
      return listing;
    },
  };
}
