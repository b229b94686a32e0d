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

/** `GET /admin/upstreams`. */
export const upstreamsAnswer = z.object({ upstreams: z.array(upstreamInfo) });
