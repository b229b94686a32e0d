import { describe, expect, test } from 'vitest';
import { remote, startBroker, startUpstream } from '../../../test/support/broker-kit.ts';

const begun = 'data: {"choices":[{"delta":{"content":"a"},"finish_reason":""}]}\n\n';
const done = 'data: [DONE]\n\n';

/** A broker before an upstream that answers every call so. */
async function answering(type: string, body: string) {
  const upstream = await startUpstream((_request, response) => {
    response.writeHead(200, { 'content-type': type }).end(body);
  });
  const broker = await startBroker([remote(upstream.baseUrl, { maxRetries: 2 })]);
  return { ...broker, requests: upstream.requests };
}

const ask = (stream: boolean) => JSON.stringify({ model: 'gpt-5', stream });
const events = 'text/event-stream';

describe('a failure inside an answer with status 200', () => {
  test.each([
    ['/chat/completions', 'data: {"object":"error","message":"hunter2"}\n\n'],
    ['/chat/completions', 'data: {"detail":"hunter2"}\n\n'],
    ['/chat/completions', 'event: error\ndata: {"message":"hunter2"}\n\n'],
    ['/chat/completions', 'data: {"choices":[{"delta":{},"finish_reason":"error"}]}\n\n'],
    ['/responses', 'data: {"object":"error","message":"hunter2"}\n\n'],
    ['/responses', 'data: {"detail":[{"msg":"hunter2"}]}\n\n'],
  ])('at the beginning of a stream of %s is told with 502: %s', async (path, said) => {
    const { send, called, requests } = await answering(events, said + done);
    const response = await send(path, { body: ask(true) });
    expect(response.status).toBe(502);
    expect(response.headers.get('x-should-retry')).toBe('false');
    expect(await response.text()).not.toContain('hunter2');
    const error = expect.stringMatching(/^failed inside an answer/);
    expect(await called(1)).toMatchObject([{ outcome: 'failed', attempts: 1, usage: null, error }]);
    expect(requests).toHaveLength(1);
  });

  test.each([
    ['{"object":"error","message":"x","code":400}'],
    ['{"detail":"Not Found"}'],
    ['{"choices":[{"message":{"content":""},"finish_reason":"error"}]}'],
  ])('of a whole one is told with 502: %s', async (body) => {
    const { send, called, requests } = await answering('application/json', body);
    expect((await send('/chat/completions', { body: ask(false) })).status).toBe(502);
    expect(await called(1)).toMatchObject([{ outcome: 'failed', attempts: 1 }]);
    expect(requests).toHaveLength(1);
  });

  test('after its first words breaks it off', async () => {
    const { promise: hasBegun, resolve } = Promise.withResolvers<void>();
    const upstream = await startUpstream((_request, response) => {
      response.writeHead(200, { 'content-type': events }).write(begun);
      void hasBegun.then(() => response.end(`data: {"object":"error"}\n\n${done}`));
    });
    const { send } = await startBroker([remote(upstream.baseUrl, { maxRetries: 2 })]);
    const response = await send('/chat/completions', { body: ask(true) });
    resolve();
    await expect(response.text()).rejects.toThrow();
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('a stream without its end', () => {
  test.each([
    ['an empty finish_reason', '/chat/completions', begun],
    ['[DONE] alone', '/chat/completions', done],
    ['chunks without choices', '/chat/completions', `data: {"id":"1"}\n\n${done}`],
    ['text that holds an end', '/chat/completions', begun.replace('"a"', '"\\ndata: [DONE]\\n"')],
    ['[DONE] in the place of an end', '/responses', `data: {"type":"response.created"}\n\n${done}`],
  ])('is broken off: %s', async (_, path, body) => {
    const { send, called } = await answering(events, body);
    const response = await send(path, { body: ask(true) });
    await expect(response.text()).rejects.toThrow();
    expect(await called(1)).toMatchObject([{ outcome: 'failed', error: 'the stream ended early' }]);
  });

  test('has it where [DONE] comes after empty reasons', async () => {
    const { send } = await answering(events, begun + done);
    const response = await send('/chat/completions', { body: ask(true) });
    expect(await response.text()).toBe(begun + done);
  });
});
