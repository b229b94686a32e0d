import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { demo, remote, startBroker, startUpstream } from '../../../test/support/broker-kit.ts';
import type { CallBudget } from '../broker/costs/budgeted-call.ts';

const delta = 'data: {"choices":[{"delta":{"content":"a"}}],"usage":null}\n\n';
const finish = 'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\r\n\r\n';
const count = 'data: {"choices":[],"usage":{"prompt_tokens":4,"completion_tokens":2}}\n\n';
const done = 'data: [DONE]\n\n';

type Asked = { stream_options?: { include_usage?: boolean } };

/** An upstream that counts where it is asked to, or knows no such question. */
async function counting({ refuses = false, budget = undefined as CallBudget | undefined } = {}) {
  const bodies: Asked[] = [];
  const upstream = await startUpstream((request, response) => {
    void asked(request).then((body) => {
      bodies.push(body);
      if (refuses && body.stream_options) return response.writeHead(422).end('{}');
      const parts = [delta, finish, body.stream_options?.include_usage ? count : '', done].join('');
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (let at = 0; at < parts.length; at += 5) response.write(parts.slice(at, at + 5));
      return response.end();
    });
  });
  const broker = await startBroker([remote(upstream.baseUrl, { api: 'chat_completions' })], budget);
  broker.access.startRun('run-1', 'key-1');
  const ask = (fields: object, agent = 'httpx') =>
    broker
      .send('/chat/completions', {
        body: JSON.stringify({ model: 'm', stream: true, ...fields }),
        headers: { 'user-agent': agent },
      })
      .then((response) => response.text());
  return { ...broker, ask, bodies };
}

async function asked(request: IncomingMessage): Promise<Asked> {
  return JSON.parse(await text(request));
}

const counted = { usage: { inputTokens: 4, outputTokens: 2 } };

describe('a streamed chat completion that does not ask for its count', () => {
  test('is counted all the same, and its worker sees no other stream', async () => {
    const { ask, bodies, called } = await counting();
    expect(await ask({ stream_options: { x: 1 } })).toBe(delta + finish + done);
    expect(bodies).toMatchObject([{ stream_options: { x: 1, include_usage: true } }]);
    expect(await called(1)).toMatchObject([counted]);
  });

  test('costs its key what was counted', async () => {
    const settled: number[] = [];
    const settle = (tokens: number) => void settled.push(tokens);
    const budget: CallBudget = { hasBudget: () => true, reserve: async () => ({ settle }) };
    const { ask, called } = await counting({ budget });
    expect(await ask({})).toBe(delta + finish + done);
    await called(1);
    expect(settled[0]).toBe(6);
  });

  test('is counted for the SDK too, which leaves it out where the address is not OpenAI’s', async () => {
    const { ask, called } = await counting();
    expect(await ask({}, 'Agents/Python 0.24.0')).toBe(delta + finish + count + done);
    expect(await called(1)).toMatchObject([counted]);
  });

  test('is sent as it is to a server that knows no such question', async () => {
    const { ask, bodies, called } = await counting({ refuses: true });
    expect(await ask({})).toBe(delta + finish + done);
    expect(bodies.map((body) => body.stream_options)).toEqual([{ include_usage: true }, undefined]);
    expect(await called(1)).toMatchObject([{ outcome: 'ok', attempts: 2, usage: null }]);
    await ask({});
    await ask({ model: 'other' });
    expect((await called(3)).map((call) => call.attempts)).toEqual([2, 1, 2]);
  });

  test('is not taken for one that cannot be counted where it is wrong itself', async () => {
    const upstream = await startUpstream((_request, response) => response.writeHead(400).end('{}'));
    const api = 'chat_completions';
    const { send, called } = await startBroker([remote(upstream.baseUrl, { api })]);
    const body = JSON.stringify({ model: 'm', stream: true });
    for (const headers of [{}, {}]) await send('/chat/completions', { body, headers });
    expect((await called(2)).map((call) => call.attempts)).toEqual([2, 2]);
  });

  test('is told the count by the demo model where the SDK asks', async () => {
    const { send } = await startBroker([demo]);
    const body = JSON.stringify({ model: 'm', stream: true, messages: [] });
    const ask = async (agent: string) => {
      const headers = { 'user-agent': agent };
      return (await send('/chat/completions', { body, headers })).text();
    };
    expect(await ask('Agents/Python 0.24.0')).toContain('"prompt_tokens"');
    expect(await ask('httpx')).not.toContain('"prompt_tokens"');
  });
});

test('who asks for the count gets it', async () => {
  const { ask, bodies } = await counting();
  expect(await ask({ stream_options: { include_usage: true } })).toBe(
    delta + finish + count + done,
  );
  expect(bodies).toHaveLength(1);
});
