import { expect, test } from 'vitest';
import { createSdkUsage } from './sdk-usage.ts';

const counted = {
  requests: 2,
  inputTokens: 30,
  outputTokens: 12,
  inputTokensDetails: [{ cached_tokens: 4 }, { cached_tokens: 5 }],
  outputTokensDetails: [{ reasoning_tokens: 3 }, {}],
};

test('sums the counters of all contexts, each once', () => {
  const meter = createSdkUsage();
  const context = { usage: {} };
  meter.watch(context);
  meter.watch(context);
  context.usage = counted;
  const other = { usage: {} };
  meter.watch(other);
  other.usage = {
    requests: 1,
    inputTokens: 1,
    outputTokens: 1,
    inputTokensDetails: { cached_tokens: 1 },
  };
  expect(meter.total()).toEqual({
    requests: 3,
    inputTokens: 31,
    outputTokens: 13,
    cachedInputTokens: 10,
    reasoningTokens: 3,
  });
});

test('counts a context that was used before from where it stood', () => {
  const meter = createSdkUsage();
  const context = { usage: { requests: 5, inputTokens: 100, outputTokens: 50 } };
  meter.watch(context);
  context.usage = { requests: 6, inputTokens: 110, outputTokens: 55 };
  expect(meter.total()).toMatchObject({ requests: 1, inputTokens: 10, outputTokens: 5 });
});

test('takes what the stream told where the SDK copy does not count streamed turns', () => {
  const meter = createSdkUsage();
  const context = { usage: { requests: 0 } };
  meter.watch(context);
  meter.sawTurn(context, { inputTokens: 10, outputTokens: 5 });
  meter.sawTurn(context, { inputTokens: 7, outputTokens: 1 });
  expect(meter.total()).toMatchObject({ requests: 2, inputTokens: 17, outputTokens: 6 });
});

test('prefers the counters of the SDK over what the stream told', () => {
  const meter = createSdkUsage();
  const context = { usage: {} };
  meter.watch(context);
  meter.sawTurn(context, { inputTokens: 10 });
  context.usage = counted;
  expect(meter.total()).toMatchObject({ requests: 2, inputTokens: 30 });
});

test('is nothing where there is no context', () => {
  const meter = createSdkUsage();
  meter.watch(undefined);
  meter.sawTurn(undefined, { inputTokens: 10 });
  expect(meter.total()).toMatchObject({ requests: 0, inputTokens: 0 });
});
