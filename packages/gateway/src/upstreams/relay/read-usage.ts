import type { Usage } from '../../protocol/run.ts';

/** More than any model takes or gives; sums of as many calls as there can be stay exact. */
const MAX_TOKENS = 1_000_000_000;

/**
 * The counts of a `usage` object of either API. Null for anything else, and where one of its counts cannot be: whole
 * numbers up to a thousand million are believed.
 */
export function readUsage(value: unknown): Usage | null {
  const usage = asObject(value);
  const inputTokens = count(usage.input_tokens ?? usage.prompt_tokens);
  const outputTokens = count(usage.output_tokens ?? usage.completion_tokens);
  if (inputTokens === 'none' && outputTokens === 'none') return null;
  if (inputTokens === 'odd' || outputTokens === 'odd') return null;
  return {
    requests: 1,
    inputTokens: orNothing(inputTokens),
    outputTokens: orNothing(outputTokens),
    cachedInputTokens: partOf(
      usage.input_tokens_details ?? usage.prompt_tokens_details,
      'cached_tokens',
    ),
    reasoningTokens: partOf(
      usage.output_tokens_details ?? usage.completion_tokens_details,
      'reasoning_tokens',
    ),
  };
}

type Count = number | 'none' | 'odd';

function count(value: unknown): Count {
  if (value === undefined || value === null) return 'none';
  const isBelieved = Number.isSafeInteger(value) && Number(value) >= 0;
  return isBelieved && Number(value) <= MAX_TOKENS ? Number(value) : 'odd';
}

function partOf(details: unknown, name: string): number {
  return orNothing(count(asObject(details)[name]));
}

function orNothing(counted: Count): number {
  return typeof counted === 'number' ? counted : 0;
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
