import { expect, test } from 'vitest';
import { demo, remote, startBroker, startUpstream } from '../../../test/support/broker-kit.ts';
import { createPrices } from './prices.ts';

const tokens = { inputTokens: 1000, outputTokens: 500, cachedInputTokens: 100 };
const openai = remote('https://api.openai.com/v1', { modelAliases: { 'my-*': 'gpt-4.1' } });
const emit = () => undefined;

test('takes the first price of the settings that fits, by the name sent or the name asked for', () => {
  const prices = createPrices(emit);
  const rates = { input: 2, output: 8, cachedInput: 0.5 };
  const upstream = remote('http://127.0.0.1:1/v1', {
    modelAliases: { fast: 'llama-3' },
    prices: [
      { models: 'llama-*', ...rates },
      { models: '*', input: 1, output: 1 },
    ],
  });
  // 900 × 2 + 100 × 0.5 + 500 × 8 = 5850 millionths of a dollar.
  expect(prices.find(upstream, 'fast')?.(tokens)).toBe(5_850_000);
  expect(prices.find(upstream, 'other')?.(tokens)).toBe(1_500_000);
  expect(prices.prepare([upstream])).toBeNull();
});

test('knows what no setting gives from the table, which is read once', async () => {
  const prices = createPrices(emit);
  await prices.prepare([openai]);
  expect(prices.prepare([openai])).toBeNull();
  const price = prices.find(openai, 'gpt-4.1')?.(tokens) ?? 0;
  expect(price).toBeGreaterThan(0);
  expect(prices.find(openai, 'my-model')?.(tokens)).toBe(price);
});

test('says where nobody knows a price, and that the demo model costs nothing', async () => {
  const prices = createPrices(emit);
  await prices.prepare([openai]);
  expect(prices.find(openai, 'no-such-model')).toBeNull();
  expect(prices.find(openai, null)).toBeNull();
  expect(prices.find(openai, 'g'.repeat(1_000_000))).toBeNull();
  expect(prices.find(remote('https://models.example.com/v1'), 'gpt-4.1')).toBeNull();
  expect(prices.find(demo, 'gpt-4.1')?.(tokens)).toBe(0);
});

test('serves on without a table that cannot be read, and says so once', async () => {
  const said: string[] = [];
  const prices = createPrices(
    (event) => said.push(event.type === 'fault_survived' ? event.where : event.type),
    () => Promise.reject(new Error('gone')),
  );
  await prices.prepare([openai]);
  expect(prices.find(openai, 'gpt-4.1')).toBeNull();
  expect([prices.prepare([openai]), said]).toEqual([null, ['reading prices']]);
});

test('prices a call by what was counted of it, and at the upstream that answered', async () => {
  const answer = JSON.stringify({
    object: 'response',
    usage: { input_tokens: 30, output_tokens: 2 },
  });
  const broken = await startUpstream((_request, response) => response.writeHead(500).end());
  const { baseUrl } = await startUpstream((_request, response) =>
    response.setHeader('content-type', 'application/json').end(answer),
  );
  const { send, access, called } = await startBroker([
    remote(broken.baseUrl, { fallback: 'other', prices: [{ models: '*', input: 9, output: 9 }] }),
    remote(baseUrl, { name: 'other', prices: [{ models: 'm', input: 1, output: 10 }] }),
  ]);
  access.startRun('run_1', 'key_1', {
    requestId: 'req_1',
    modulePath: 'agent.ts',
    generation: 1,
    user: 'ann',
  });
  for (const model of ['m', 'unknown']) {
    const body = JSON.stringify({ model, input: 'hi' });
    await send('/responses', { body, run: 'run_1' });
  }
  expect(await called(2)).toMatchObject([
    { upstream: 'other', costNanoUsd: 50_000, user: 'ann' },
    { upstream: 'other', costNanoUsd: null, user: 'ann' },
  ]);
});
