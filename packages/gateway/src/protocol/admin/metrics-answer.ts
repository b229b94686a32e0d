import { z } from 'zod';
import type { Inferred } from '../inferred.ts';

const sample = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.union([z.string(), z.number()]).optional()),
  value: z.number(),
});

const agentSummary = z.object({
  agent: z.string(),
  runs: z.number(),
  failed_runs: z.number(),
  mean_ms: z.number().nullable().describe('Of its runs.'),
  failures: z.number().describe('Of any stage.'),
  model_calls: z.number(),
  tool_calls: z.number(),
  input_tokens: z.number(),
  output_tokens: z.number(),
});

const toolSummary = z.object({
  tool: z.string(),
  calls: z.number(),
  failed: z.number(),
  denied: z.number(),
  mean_ms: z.number().nullable(),
});

/** `GET /admin/metrics`: what Prometheus scrapes, as JSON, with sums for people. */
export const metricsAnswer = z.object({
  agents: z.array(agentSummary).describe('Since the start; most runs first.'),
  tools: z.array(toolSummary).describe('Since the start; most calls first.'),
  metrics: z.array(
    z.object({
      name: z.string(),
      type: z.string(),
      help: z.string(),
      samples: z
        .array(sample)
        .describe('Of a histogram those of its buckets, its sum and its count.'),
    }),
  ),
});

export type MetricsReport = Inferred<typeof metricsAnswer>;
