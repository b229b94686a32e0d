import { expect, test } from 'vitest';
import { remote, startBroker, startUpstream } from '../../../test/support/broker-kit.ts';
import { createKeyMask } from './key-mask.ts';

test('a key is masked wherever the bytes are cut, and nothing else is', () => {
  const text = 'No sk-planted, nor sk-plan, but sk-sk-planted and sk-';
  const shown = 'No **********, nor sk-plan, but sk-********** and sk-';
  for (let at = 0; at <= text.length; at++) {
    const { pass, rest } = createKeyMask('sk-planted');
    const pieces = [pass(Buffer.from(text.slice(0, at))), pass(Buffer.from(text.slice(at)))];
    expect(Buffer.concat([...pieces, rest()]).toString()).toBe(shown);
  }
});

test('an upstream that repeats its key in a failure tells it to no agent', async () => {
  const upstream = await startUpstream((request, response) => {
    const message = `Incorrect API key: ${request.headers.authorization}`;
    const text = JSON.stringify({ error: { message } });
    response.writeHead(401, { 'content-type': 'application/json', 'content-length': text.length });
    response.end(text);
  });
  const { send } = await startBroker([remote(upstream.baseUrl, { apiKey: 'sk-of-the-upstream' })]);
  const answer = await send('/responses', { body: '{"model":"m","input":"hi"}' });
  expect(await answer.json()).toEqual({
    error: { message: 'Incorrect API key: Bearer ******************' },
  });
});
