import { z } from 'zod';
import type { Inferred } from '../inferred.ts';

/** How a run ends: `blocked` by a guardrail, `interrupted` where it waits for an approval. */
export const runOutcomes = ['finished', 'blocked', 'failed', 'cancelled', 'interrupted'] as const;

export type RunOutcome = (typeof runOutcomes)[number];

const runInfo = z.object({
  id: z.string(),
  request_id: z.string(),
  key_id: z.string(),
  agent_id: z.string(),
  generation: z.int(),
  started_at: z.string().describe('ISO 8601.'),
  outcome: z.enum(['running', ...runOutcomes]),
  code: z.string().nullable().describe('Of a failure.'),
  duration_ms: z.number().nullable().describe('Null while it runs.'),
  usage: z
    .object({ requests: z.int(), input_tokens: z.int(), output_tokens: z.int() })
    .nullable()
    .describe('Null while it runs.'),
});

/** A run as operators see it. */
export type RunInfo = Inferred<typeof runInfo>;

/** `GET /admin/runs`: newest first. */
export const runsAnswer = z.object({ runs: z.array(runInfo) });
