import { z } from 'zod';
import type { Inferred } from '../inferred.ts';
import { pageSize } from '../pages.ts';
import { isoTime } from '../text/iso-time.ts';
import { type UsageDimension, usageDimensions } from '../usage/usage.ts';

const day = isoTime.optional();

const one = `(?:${usageDimensions.join('|')})`;

/** Query of `GET /admin/usage`. */
export const usageQuery = z.object({
  by: z
    .string()
    .regex(new RegExp(`^${one}(?:,${one})*$`), {
      error: `Give some of ${usageDimensions.join(', ')}, with commas between them`,
    })
    .default('agent')
    .describe(`Some of ${usageDimensions.join(', ')}, with commas between them: a row for each.`),
  since: day.describe('ISO 8601; its UTC day is the first. By default 30 days ago.'),
  until: day.describe('The same of the last day, which counts. By default today.'),
  format: z.enum(['json', 'csv']).default('json'),
  after: z.string().max(2000).optional().describe('`next` of the page before.'),
  limit: z.coerce.number().int().min(1).max(pageSize.most).default(pageSize.default),
});

/** What is asked of usage. Days are UTC, both included. */
export type UsageQuery = {
  readonly by: readonly UsageDimension[];
  readonly since: string;
  readonly until: string;
  readonly after?: string;
  readonly limit: number;
};

const usageSums = z.object({
  runs: z
    .int()
    .nullable()
    .describe('That began; null by model or upstream, of which a run may use several.'),
  model_calls: z.int(),
  failed_calls: z.int(),
  aborted_calls: z.int(),
  input_tokens: z.int(),
  output_tokens: z.int(),
  cached_input_tokens: z.int(),
  reasoning_tokens: z.int(),
  cost_usd: z
    .number()
    .nullable()
    .describe('Of the calls whose price is known; null where that is none of them.'),
  unpriced_calls: z.int().describe('Calls whose price nobody knows: `cost_usd` leaves them out.'),
});

export type UsageSums = Inferred<typeof usageSums>;

const usageRow = usageSums.extend({
  key_id: z.string().exactOptional().describe('Empty for calls that are no key’s.'),
  key_name: z
    .string()
    .nullable()
    .exactOptional()
    .describe('With `key_id`; null where it is none of a key that is kept.'),
  agent_id: z.string().exactOptional(),
  model: z.string().exactOptional(),
  upstream: z.string().exactOptional(),
  user: z.string().exactOptional().describe('`user` of the request; empty where it names none.'),
  day: z.string().exactOptional(),
});

export type UsageAnswerRow = Inferred<typeof usageRow>;

/** `GET /admin/usage`, in the order of what it is by. A row has those names that were asked for. */
export const usageAnswer = z.object({
  since: z.string().describe('UTC day.'),
  until: z.string(),
  by: z.array(z.enum(usageDimensions)),
  totals: usageSums.describe('Of all pages.'),
  rows: z.array(usageRow),
  unpriced: z
    .array(z.object({ upstream: z.string(), model: z.string() }))
    .describe('Models whose price nobody knows; `upstreams.<name>.prices` gives them one.'),
  next: z.string().nullable().describe('To be sent as `after`; null on the last page.'),
});

export type UsagePage = Inferred<typeof usageAnswer>;
