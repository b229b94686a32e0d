import { noUsage, type Usage } from '../../protocol/run.ts';
import { fieldsOf, type SdkRunContext } from '../sdk.ts';

/** Sums what the SDK counted in the contexts of one run; readable also after a failure. */
export type SdkUsage = {
  watch(context: unknown): void;
  /** A turn seen in the stream of a watched context: copies of 0.1.x do not count those themselves. */
  sawTurn(context: unknown, usage: unknown): void;
  total(): Usage;
};

/** Makes a meter for one run. A context that was used before counts from where it stood. */
export function createSdkUsage(): SdkUsage {
  const watched = new Map<object, { readonly before: Usage; seen: Usage }>();
  const entryOf = (context: unknown) => watched.get(context as object);
  return {
    watch(context) {
      if (typeof context !== 'object' || context === null || watched.has(context)) return;
      watched.set(context, { before: countsOf((context as SdkRunContext).usage), seen: noUsage });
    },
    sawTurn(context, usage) {
      const entry = entryOf(context);
      if (entry) entry.seen = plus(entry.seen, { ...countsOf(usage), requests: 1 });
    },
    total() {
      let sum = noUsage;
      for (const [context, { before, seen }] of watched) {
        const counted = minus(countsOf((context as SdkRunContext).usage), before);
        sum = plus(sum, counted.requests > 0 ? counted : seen);
      }
      return sum;
    },
  };
}

function countsOf(usage: unknown): Usage {
  const counts = fieldsOf(usage);
  return {
    requests: numberIn(counts, 'requests'),
    inputTokens: numberIn(counts, 'inputTokens'),
    outputTokens: numberIn(counts, 'outputTokens'),
    cachedInputTokens: detail(counts.inputTokensDetails, 'cached_tokens'),
    reasoningTokens: detail(counts.outputTokensDetails, 'reasoning_tokens'),
  };
}

/** Details are one record per model call, or a single record in older copies. */
function detail(details: unknown, name: string): number {
  const records: readonly unknown[] = Array.isArray(details) ? details : [details];
  return records.reduce<number>((sum, record) => sum + numberIn(fieldsOf(record), name), 0);
}

function numberIn(fields: Readonly<Record<string, unknown>>, name: string): number {
  const value = fields[name];
  return typeof value === 'number' ? countable(value) : 0;
}

/** The SDK sums what a server says, which may be anything; the gateway ends a process that tells it no counts. */
function countable(value: number): number {
  return Number.isSafeInteger(value) && value > 0 ? value : 0;
}

function plus(a: Usage, b: Usage): Usage {
  return joined(a, b, (one, other) => countable(one + other));
}

function minus(a: Usage, b: Usage): Usage {
  return joined(a, b, (one, other) => countable(one - other));
}

function joined(a: Usage, b: Usage, join: (one: number, other: number) => number): Usage {
  return {
    requests: join(a.requests, b.requests),
    inputTokens: join(a.inputTokens, b.inputTokens),
    outputTokens: join(a.outputTokens, b.outputTokens),
    cachedInputTokens: join(a.cachedInputTokens, b.cachedInputTokens),
    reasoningTokens: join(a.reasoningTokens, b.reasoningTokens),
  };
}
