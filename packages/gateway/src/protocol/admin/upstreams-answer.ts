import { z } from 'zod';
import type { Inferred } from '../inferred.ts';
import { upstreamApis } from '../records.ts';

/** `closed`: calls go through; `open`: none does; `half_open`: one may try, or tries. */
export const breakerStates = ['closed', 'open', 'half_open'] as const;

export type BreakerState = (typeof breakerStates)[number];

const upstreamInfo = z.object({
  name: z.string(),
  kind: z.enum(['demo', 'remote']),
  api: z.enum(upstreamApis),
  base_url: z.string().nullable(),
  has_key: z.boolean(),
  is_default: z.boolean(),
});

/** An upstream as shown: everything but its key. */
export type UpstreamInfo = Inferred<typeof upstreamInfo>;

const upstreamStatus = upstreamInfo.extend({
  fallback: z.string().nullable(),
  /** Whether it answered when it was asked for its models, at most ten seconds ago. */
  reachable: z.boolean(),
  /** Why it did not, or what it said to the key; null where all is well. */
  problem: z.string().nullable(),
  /** The last model call that failed there for a reason of its own, since the start. */
  last_error: z.object({ at: z.string(), message: z.string() }).nullable(),
  /** Milliseconds until the first bytes of the latest answers, 200 at most; null before the first. */
  latency_ms: z.object({ p50: z.number(), p95: z.number() }).nullable(),
  breaker: z.object({
    state: z.enum(breakerStates),
    failures_in_row: z.int(),
    /** When it is tried again; null while it is closed. */
    retry_at: z.string().nullable(),
  }),
  /** Models that it has too many calls of (429 with `retry-after`): until then its fallback is asked. */
  limited_models: z.array(z.object({ model: z.string(), until: z.string() })),
  /** Ids of the agents whose model calls go there. */
  used_by: z.array(z.string()),
  /** Those that it lists, what ends soonest first, 500 at most; null where it lists none. */
  models: z.array(z.object({ id: z.string(), shutdown_date: z.string().nullable() })).nullable(),
});

/** An upstream with how it is. */
export type UpstreamStatus = Inferred<typeof upstreamStatus>;

/** `GET /admin/upstreams`. */
export const upstreamsAnswer = z.object({ upstreams: z.array(upstreamStatus) });
