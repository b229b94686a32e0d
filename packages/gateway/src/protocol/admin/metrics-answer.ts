import { z } from 'zod';
import type { Inferred } from '../inferred.ts';

const sample = z.object({
  name: z.string(),
  labels: z.record(z.string(), z.union([z.string(), z.number()]).optional()),
  value: z.number(),
});

/** `GET /admin/metrics`: what Prometheus scrapes, as JSON. */
export const metricsAnswer = z.object({
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
