import { z } from 'zod';
import { upstreamApis } from '../protocol/records.ts';
import { variableName } from './agents-schema.ts';

/** An address of a server, as settings have it. */
export const httpUrl = z
  .url({ protocol: /^https?$/ })
  .refine((url) => !/[?#@]/.test(url))
  .meta({
    allowed:
      'an http:// or https:// URL without user, query and fragment, such as https://api.openai.com/v1',
  });

/** A time in whole milliseconds, up to a day. */
export const milliseconds = (min: number) => z.int().min(min).max(86_400_000);

const dollars = z
  .number()
  .min(0)
  .max(1_000_000)
  .meta({ allowed: 'US dollars per million tokens, such as 2.5' });

const prices = z
  .record(
    z.string().min(1).max(200),
    z.strictObject({
      input: dollars.describe('US dollars per million tokens that are sent.'),
      output: dollars.describe('The same of tokens that come back.'),
      cached_input: dollars
        .optional()
        .describe(
          'The same of sent tokens that the upstream had in its cache; by default as others.',
        ),
    }),
  )
  .default({})
  .describe(
    'Prices of models there, by their names (`*` stands for anything); the first that fits holds. Without one: what the table that comes with the gateway knows.',
  );

/** One entry of `upstreams`. */
export const upstreamSchema = z
  .strictObject({
    base_url: httpUrl.describe('Address of an API like OpenAI’s, with its `/v1`.'),
    api_key_env: variableName
      .optional()
      .describe('Name of the environment variable that holds the API key.'),
    api: z
      .enum(upstreamApis)
      .optional()
      .describe(
        'API it speaks. Without it: `responses` for api.openai.com, else `chat_completions`.',
      ),
    timeout_ms: milliseconds(1)
      .default(300_000)
      .describe('Longest silence of the upstream before a call fails, in milliseconds.'),
    model_aliases: z
      .record(z.string(), z.string())
      .default({})
      .describe('Model names as agents write them (`*` stands for anything) → names sent.'),
    fallback: z
      .string()
      .optional()
      .describe(
        'Upstream asked when this one fails before its first byte; it speaks the same API.',
      ),
    max_retries: z
      .int()
      .min(0)
      .max(10)
      .default(2)
      .describe('How often a call is sent again when it failed before its first byte.'),
    max_failures: z
      .int()
      .min(0)
      .max(1000)
      .default(5)
      .describe(
        'How many model calls in a row may fail, by a server that cannot be reached, says nothing or answers 5xx, before it is left alone for a while and its fallback asked at once; 0 never leaves it alone.',
      ),
    prices,
  })
  .describe('One server that answers model calls.');
