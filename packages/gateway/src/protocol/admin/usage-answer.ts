import { z } from 'zod';
import type { Inferred } from '../inferred.ts';

const usageCounts = z.object({
  model_calls: z.int(),
  failed_calls: z.int(),
  aborted_calls: z.int(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  cached_input_tokens: z.int(),
  reasoning_tokens: z.int(),
});

/** Counts of model calls as metered at the broker. */
export type UsageCounts = Inferred<typeof usageCounts>;

/** `GET /admin/usage`: since the gateway started. */
export const usageAnswer = z.object({
  totals: usageCounts,
  by_agent: z.array(usageCounts.extend({ agent_id: z.string() })),
  by_key: z.array(usageCounts.extend({ key_id: z.string() })),
  by_upstream: z.array(usageCounts.extend({ upstream: z.string() })),
});

export type UsageReport = Inferred<typeof usageAnswer>;
