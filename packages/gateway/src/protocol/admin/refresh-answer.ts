import { z } from 'zod';
import { findingSchema } from '../diagnostics.ts';
import type { Inferred } from '../inferred.ts';

/** Query of `POST /agents/refresh`. */
export const refreshQuery = z.object({
  force: z
    .enum(['true', 'false', '1', '0'])
    .default('false')
    .describe('Also load what has not changed.'),
});

const ids = z.array(z.string()).describe('Model ids.');

/** `POST /agents/refresh`: what a look at the folders found, and what came of it. */
export const agentsRefreshAnswer = z.object({
  scanned: z.int(),
  unchanged: ids,
  loaded: ids,
  failed: ids,
  removed: ids,
  warnings: z.array(findingSchema),
});

export type RefreshReport = Inferred<typeof agentsRefreshAnswer>;
