import { once } from 'node:events';
import {
  Agent,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  demo,
  remote,
  startBrokerOver,
  startUpstream,
  ways,
} from '../../../../test/support/broker-kit.ts';
import { patienceMs } from '../../../../test/support/hang-limit.ts';
import { tempFolder } from '../../../../test/support/temp-folder.ts';
import { GatewayError } from '../../../errors.ts';
import { createBudgets } from '../../../policy/limits/budgets.ts';
import { noLimits } from '../../../policy/limits/key-limits.ts';
import { openStore } from '../../../storage/open-store.ts';
import type { CallBudget } from './budgeted-call.ts';

describe.each(ways)('calls over %s', (way) => {
  const startBroker = startBrokerOver(way);

  const question = JSON.stringify({ model: 'm', input: 'hi', max_output_tokens: 100 });
  /** What is set aside for it: its bytes by four, and what the model may answer. */
  const estimate = Math.ceil(question.length / 4) + 100;
  const sent = estimate - 100;
  const answer = JSON.stringify({
    object: 'response',
    usage: { input_tokens: 3, output_tokens: 2 },
  });

  type Handle = (request: IncomingMessage, response: ServerResponse, index: number) => void;

  const answering: Handle = (_request, response) => {
    response.setHeader('content-type', 'application/json').end(answer);
  };

  /** A broker whose keys `key_1` and `key_2` have a budget that writes down what is asked of it. */
  async function watched(handle: Handle = answering, maxRetries = 0) {
    const reserved: number[] = [];
    const settled: number[] = [];
    const waiting: (() => void)[] = [];
    const upstream = await startUpstream(handle);
    const hasBudget = (keyId: string) => keyId !== 'key_free';
    const kit = await startBroker([remote(upstream.baseUrl, { maxRetries }), demo], {
      hasBudget,
      reserve(keyId, estimateTokens) {
        if (!hasBudget(keyId)) return null;
        reserved.push(estimateTokens());
        let isSettled = false;
        const settle = (tokens: number) => {
          if (!isSettled) settled.push(tokens);
          isSettled = true;
          for (const resume of waiting.splice(0)) resume();
        };
        return Promise.resolve({ settle });
      },
    });
    kit.access.startRun('run_1', 'key_1');
    return {
      ...kit,
      upstream,
      reserved,
      async untilSettled(count: number): Promise<number[]> {
        while (settled.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
        return settled;
      },
    };
  }

  const asStream = (events: readonly object[]) =>
    events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');

  const countOfNothing = { input_tokens: 0, output_tokens: 0 };

  const deltas = asStream([{ delta: 'a' }, { delta: 'b' }, { delta: 'c' }]);

  function beginStream(response: ServerResponse, text: string): void {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(text);
  }

  describe('a call of a key with a budget costs', () => {
    test('what was metered, whatever was set aside', async () => {
      const { send, reserved, untilSettled } = await watched();
      await send('/responses', { body: question, run: 'run_1' });
      expect(reserved).toEqual([estimate]);
      expect(await untilSettled(1)).toEqual([5]);
    });

    test('nothing where it failed', async () => {
      const { send, untilSettled } = await watched((_request, response) => {
        response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":{}}');
      });
      expect((await send('/responses', { body: question, run: 'run_1' })).status).toBe(400);
      expect(await untilSettled(1)).toEqual([0]);
    });

    test('once what it needed several attempts for', async () => {
      const { send, reserved, untilSettled } = await watched((request, response, index) => {
        if (index === 0) response.writeHead(503).end();
        else answering(request, response, index);
      }, 1);
      await send('/responses', { body: question, run: 'run_1' });
      expect([reserved, await untilSettled(1)]).toEqual([[estimate], [5]]);
    });

    test('what was sent and what came, where a stream is left before anything was counted', async () => {
      const { send, untilSettled } = await watched((_request, response) =>
        beginStream(response, deltas),
      );
      const left = new AbortController();
      const { body } = await send('/responses', {
        body: question,
        run: 'run_1',
        signal: left.signal,
      });
      await body?.getReader().read();
      left.abort();
      expect(await untilSettled(1)).toEqual([sent + 3]);
    });

    test('what was counted until a stream was left', async () => {
      const usage = { input_tokens: 40, output_tokens: 4 };
      const { send, access, untilSettled } = await watched((_request, response) =>
        beginStream(
          response,
          deltas + asStream([{ type: 'response.completed', response: { usage } }]),
        ),
      );
      const { body } = await send('/responses', { body: question, run: 'run_1' });
      await body?.getReader().read();
      access.endRun('run_1');
      expect(await untilSettled(1)).toEqual([44]);
    });

    test.each([
      ['a schema', { type: 'response.created', response: { text: { usage: countOfNothing } } }],
      ['a count that is not the last', { usage: countOfNothing }],
      ['more than can be', { usage: { input_tokens: 1e300, output_tokens: 0 } }],
    ])(
      'what was sent and what came, where a stream is left that echoes %s',
      async (_what, echo) => {
        const { send, access, untilSettled } = await watched((_request, response) =>
          beginStream(response, asStream([echo]) + deltas),
        );
        const { body } = await send('/responses', { body: question, run: 'run_1' });
        await body?.getReader().read();
        access.endRun('run_1');
        expect(await untilSettled(1)).toEqual([sent + 4]);
      },
    );

    test('what was sent and what came, where the upstream cuts a stream', async () => {
      const { send, untilSettled } = await watched((_request, response) => {
        beginStream(response, deltas);
        response.end();
      });
      const response = await send('/responses', { body: question, run: 'run_1' });
      await response.text().catch(() => undefined);
      expect(await untilSettled(1)).toEqual([sent + 3]);
    });

    test('an estimate where the upstream’s count cannot be', async () => {
      const { send, untilSettled } = await watched((_request, response) => {
        response
          .setHeader('content-type', 'application/json')
          .end('{"usage":{"input_tokens":1e300,"output_tokens":1}}');
      });
      await send('/responses', { body: question, run: 'run_1' });
      expect(await untilSettled(1)).toEqual([sent + 13]);
    });

    test.each([
      ['what was sent, where a stream is left before it begins', true, 0],
      ['what was set aside, where a whole answer is left: nobody saw how far it was', false, 100],
    ])('%s', async (_title, stream, output) => {
      const arrived = Promise.withResolvers<void>();
      const { send, access, untilSettled } = await watched(() => arrived.resolve());
      const body = JSON.stringify({ model: 'm', input: 'hi', max_output_tokens: 100, stream });
      const call = send('/responses', { body, run: 'run_1' });
      await arrived.promise;
      access.revoke();
      expect((await call).status).toBe(499);
      expect(await untilSettled(1)).toEqual([Math.ceil(body.length / 4) + output]);
    });

    test('an estimate of what came, where the upstream counts nothing, never more than was set aside', async () => {
      const { send, untilSettled } = await watched((_request, response, index) => {
        if (index === 0) {
          beginStream(response, deltas);
          response.end(asStream([{ type: 'response.completed', response: {} }]));
        } else {
          response.setHeader('content-type', 'application/json');
          response.end(JSON.stringify({ text: 'x'.repeat(4000) }));
        }
      });
      await (await send('/responses', { body: question, run: 'run_1' })).text();
      expect(await untilSettled(1)).toEqual([sent + 4]);
      await send('/responses', { body: question, run: 'run_1' });
      expect(await untilSettled(2)).toEqual([sent + 4, estimate]);
    });

    test('what was set aside, where the answer is made in the background', async () => {
      const { send, reserved, untilSettled } = await watched((_request, response) => {
        response
          .setHeader('content-type', 'application/json')
          .end('{"status":"queued","usage":null}');
      });
      const body = JSON.stringify({ model: 'm', input: 'hi', background: true });
      await send('/responses', { body, run: 'run_1' });
      expect(reserved).toEqual([
        Math.ceil((body.length + ',"max_output_tokens":4096'.length) / 4) + 4096,
      ]);
      expect(await untilSettled(1)).toEqual(reserved);
    });

    test('the same where its stream was left, or ends early: the model goes on', async () => {
      const { send, reserved, untilSettled } = await watched((_request, response) => {
        beginStream(response, asStream([{ type: 'response.created', response: { id: 'resp_1' } }]));
        response.end();
      });
      const body = JSON.stringify({
        model: 'm',
        input: 'hi',
        max_output_tokens: 500,
        background: true,
        stream: true,
      });
      await (await send('/responses', { body, run: 'run_1' })).text().catch(() => undefined);
      expect(await untilSettled(1)).toEqual(reserved);
    });

    test('what the demo model counts', async () => {
      const { send, access, untilSettled } = await watched();
      access.setUpstream('demo');
      const response = await send('/responses', { body: question, run: 'run_1' });
      const { usage } = (await response.json()) as { usage: { total_tokens: number } };
      expect(await untilSettled(1)).toEqual([usage.total_tokens]);
    });

    test('what was set aside for a picture that is not counted, and nothing for a file that is kept', async () => {
      const { send, reserved, untilSettled } = await watched((_request, response) => {
        response.setHeader('content-type', 'application/json').end('{"data":[]}');
      });
      await send('/images/generations', { body: '{"prompt":"a cat"}', run: 'run_1' });
      expect([reserved, await untilSettled(1)]).toEqual([[4205], [4205]]);
      const form = new FormData();
      form.set('file', new Blob(['x'.repeat(4000)]), 'a.txt');
      await send('/files', { body: form, run: 'run_1' });
      expect([reserved, await untilSettled(2)]).toEqual([
        [4205, 1],
        [4205, 0],
      ]);
    });

    test('what is counted of other paths, and nothing where it only reads', async () => {
      const { send, reserved, untilSettled } = await watched();
      await send('/embeddings', { body: question, run: 'run_1' });
      expect([reserved, await untilSettled(1)]).toEqual([[sent], [5]]);
      await send('/responses/resp_1', { method: 'GET', run: 'run_1' });
      expect(reserved).toHaveLength(1);
    });
  });

  test('a run that ends while tokens are set aside for it sends nothing and costs nothing', async () => {
    const asked = Promise.withResolvers<void>();
    const granted = Promise.withResolvers<void>();
    const settled = Promise.withResolvers<number>();
    const upstream = await startUpstream(answering);
    const { send, access } = await startBroker([remote(upstream.baseUrl)], {
      hasBudget: () => true,
      async reserve() {
        asked.resolve();
        await granted.promise;
        return { settle: settled.resolve };
      },
    });
    access.startRun('run_1', 'key_1');
    const call = send('/responses', { body: question, run: 'run_1' });
    await asked.promise;
    access.endRun('run_1');
    granted.resolve();
    expect([(await call).status, await settled.promise]).toEqual([499, 0]);
    expect(upstream.requests).toHaveLength(0);
  });

  test('what a run was refused with is known as long as it lives, whether or not the call named it', async () => {
    const { send, access } = await startBroker([remote('http://127.0.0.1:1/v1')], {
      hasBudget: () => true,
      reserve: () => Promise.reject(new GatewayError('quota_exhausted', 'No more.')),
    });
    access.startRun('run_1', 'key_1');
    access.startRun('run_2', 'key_1');
    const known = () => ['run_1', 'run_2'].map((id) => access.hasRefused(id, 'quota_exhausted'));
    expect(known()).toEqual([false, false]);
    await send('/responses', { body: question, run: 'run_1' });
    expect(known()).toEqual([true, false]);
    await send('/responses', { body: question });
    expect(known()).toEqual([true, true]);
    access.endRun('run_1');
    expect(known()).toEqual([false, true]);
  });

  describe('what a call only names', () => {
    const asking = (named: object) =>
      JSON.stringify({ model: 'm', input: 'hi', max_output_tokens: 100, ...named });
    const counted: Handle = (_request, response, index) => {
      const usage = { input_tokens: 5000 + index, output_tokens: 200 };
      const body = { object: 'response', id: `resp_${index}`, usage };
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    };

    test('is set aside as large as it was seen, else as a bounded estimate', async () => {
      const { send, reserved } = await watched(counted);
      const beyond: number[] = [];
      for (const named of [
        { conversation: 'conv_1' },
        { conversation: { id: 'conv_1' } },
        { previous_response_id: 'resp_1' },
        { previous_response_id: 'resp_other' },
        { prompt: { id: 'pmpt_1' } },
        { prompt: { id: 'pmpt_1' }, conversation: 'conv_1' },
      ]) {
        const body = asking(named);
        await send('/responses', { body, run: 'run_1' });
        const own = Math.ceil(body.length / 4);
        beyond.push((reserved.at(-1) ?? 0) - own - 100);
      }
      const prompt = 5004 - Math.ceil(asking({ prompt: { id: 'pmpt_1' } }).length / 4);
      expect(beyond).toEqual([32_000, 5200, 5201, 32_000, 4000, prompt + 5201]);
    });

    test('is booked where a stream that names it is cut before it is counted', async () => {
      const { send, untilSettled } = await watched((request, response, index) => {
        if (index === 0) return counted(request, response, index);
        response.writeHead(200, { 'content-type': 'text/event-stream' }).end(deltas);
      });
      await send('/responses', { body: question, run: 'run_1' });
      const body = asking({ stream: true, previous_response_id: 'resp_0' });
      await expect((await send('/responses', { body, run: 'run_1' })).text()).rejects.toThrow();
      expect(await untilSettled(2)).toEqual([5200, 5200 + Math.ceil(body.length / 4) + 3]);
    });
  });

  describe('a model call', () => {
    test('that says a thing twice is sent as it was priced', async () => {
      const bodies: string[] = [];
      const { send, reserved } = await watched((request, response, index) => {
        request.setEncoding('utf8').on('data', (chunk: string) => bodies.push(chunk));
        request.on('end', () => answering(request, response, index));
      });
      const body = '{"model":"m","max_output_tokens":90000,"max_output_\\u0074okens":100}';
      await send('/responses', { body, run: 'run_1' });
      expect(bodies).toEqual(['{"model":"m","max_output_tokens":100}']);
      expect(reserved).toEqual([Math.ceil(37 / 4) + 100]);
    });

    test.each([
      ['without a content type', {}],
      ['of text', { 'content-type': 'text/plain' }],
      ['that is compressed', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
    ])('%s is refused, for it cannot be counted', async (_what, headers) => {
      const { send, reserved, upstream } = await watched();
      const body = new Blob([question]);
      const response = await send('/responses', { body, run: 'run_1', headers });
      expect([response.status, reserved, upstream.requests.length]).toEqual([400, [], 0]);
      expect(await response.text()).toContain('A model call is JSON, not compressed');
    });

    test('that is no JSON object is refused where its key has a budget', async () => {
      const { send, reserved } = await watched();
      const response = await send('/responses', { body: '[1]', run: 'run_1' });
      expect([response.status, reserved]).toEqual([400, []]);
    });

    test.each([
      ['/responses', { max_output_tokens: 4096 }],
      ['/chat/completions', { max_tokens: 4096 }],
    ])('to %s gets a limit where it sets none and its key has a budget', async (path, cap) => {
      const bodies: unknown[] = [];
      const { send, access } = await watched((request, response, index) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          bodies.push(JSON.parse(Buffer.concat(chunks).toString()));
          answering(request, response, index);
        });
      });
      access.startRun('run_2', 'key_free');
      for (const run of ['run_1', 'run_2']) await send(path, { body: '{"model":"m"}', run });
      expect(bodies).toEqual([{ model: 'm', ...cap }, { model: 'm' }]);
    });
  });

  describe('a call that names no run', () => {
    test('is the sole key’s that has runs here', async () => {
      const { send, access, called, reserved } = await watched();
      access.startRun('run_2', 'key_1');
      await send('/responses', { body: question });
      expect(reserved).toEqual([estimate]);
      expect(await called(1)).toMatchObject([{ runId: null, keyId: 'key_1' }]);
    });

    test('is refused where it could be that of another key’s budget', async () => {
      const { send, access, upstream } = await watched();
      access.startRun('run_2', 'key_free');
      const response = await send('/responses', { body: question });
      expect([response.status, upstream.requests.length]).toEqual([400, 0]);
      expect(await response.text()).toContain('It cannot be told which of several runs');
    });

    test('is the worker’s where no key of its runs has a budget', async () => {
      const { send, access, called, reserved } = await watched();
      access.endRun('run_1');
      access.startRun('run_2', 'key_free');
      access.startRun('run_3', 'local_cli');
      await send('/responses', { body: question, run: 'run_2' });
      expect(reserved).toEqual([]);
      expect(await called(1)).toMatchObject([{ runId: 'run_2', keyId: 'key_free' }]);
    });
  });

  describe('a budget that a store keeps', () => {
    test('for 9 of 1,000 calls at once admits 9, and what they did not use is free afterwards', async () => {
      const store = await openStore(`sqlite:${join(await tempFolder(), 'gateway.db')}`);
      onTestFinished(() => store.close());
      const limits = { ...noLimits, tokensPerDay: 9 * estimate + 1 };
      const budgets = createBudgets({
        spending: store.spending,
        limitsOf: () => ({ account: 'key_1', limits }),
        nowSeconds: () => 1_795_363_200,
        emit: () => undefined,
      });
      let refused = 0;
      const held: ServerResponse[] = [];
      const upstream = await startUpstream((_request, response) => void held.push(response));
      // Its answers are held back until all others were refused, however long that takes.
      const patient = remote(upstream.baseUrl, { timeoutMs: patienceMs });
      const { call } = await callsOver(patient, budgets);
      const statuses = await Promise.all(
        Array.from({ length: 1000 }, async () => {
          const status = await call();
          // Nobody is answered before all have been refused: what is set aside stays so until then.
          if (status === 429 && ++refused === 991) for (const response of held) answerTo(response);
          return status;
        }),
      );
      expect(statuses.filter((status) => status === 200)).toHaveLength(9);
      expect(statuses.filter((status) => status === 429)).toHaveLength(991);
      expect(upstream.requests).toHaveLength(9);
      await budgets.close();
      expect(await store.spending.spent('key_1', 1_795_363_200)).toEqual({
        day: 45,
        month: 45,
        reserved: 0,
      });
    });

    test('is as whole as before, after calls that ended in every way', async () => {
      const store = await openStore(`sqlite:${join(await tempFolder(), 'gateway.db')}`);
      onTestFinished(() => store.close());
      const nowSeconds = () => 1_795_363_200;
      const limitsOf = () => ({
        account: 'key_1',
        limits: { ...noLimits, tokensPerDay: 1_000_000 },
      });
      const { spending } = store;
      const budgets = createBudgets({ spending, limitsOf, nowSeconds, emit: () => undefined });
      const upstream = await startUpstream((request, response) => {
        const way = request.headers['x-way'];
        if (way === 'answers') answerTo(response);
        if (way === 'refuses') response.writeHead(400).end();
        if (way === 'breaks') response.destroy();
        if (way === 'hangs') beginStream(response, deltas);
      });
      const { send, access, called } = await startBroker([remote(upstream.baseUrl)], budgets);
      access.startRun('run_1', 'key_1');
      const ways = Array.from({ length: 10 }, () => [
        'answers',
        'refuses',
        'breaks',
        'hangs',
      ]).flat();
      await Promise.all(
        ways.map(async (way) => {
          const left = new AbortController();
          const { signal } = left;
          const headers = { 'x-way': way };
          const { body } = await send('/responses', {
            body: question,
            run: 'run_1',
            headers,
            signal,
          });
          await body?.getReader().read();
          left.abort();
        }),
      );
      await called(ways.length);
      await budgets.close();
      const used = 10 * 5 + 10 * (sent + 3);
      expect(await spending.spent('key_1', nowSeconds())).toEqual({
        day: used,
        month: used,
        reserved: 0,
      });
    });

    test('that is used up is told so that no client tries again, and as the gateway’s own word', async () => {
      const { send, upstream } = await exhausted();
      const response = await send('/responses', { body: question, run: 'run_1' });
      expect(upstream.requests).toHaveLength(0);
      expect(response.status).toBe(429);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'x-should-retry': 'false',
        'x-dropgate-failure': 'quota_exhausted',
        'retry-after': '28800',
      });
      expect(await response.json()).toMatchObject({
        error: {
          type: 'insufficient_quota',
          code: 'insufficient_quota',
          message: expect.stringContaining('The next day begins at 2026-11-23T00:00Z.'),
        },
      });
    });
  });

  function answerTo(response: ServerResponse): void {
    response.setHeader('content-type', 'application/json').end(answer);
  }

  async function exhausted() {
    const upstream = await startUpstream(answering);
    const budgets = createBudgets({
      spending: {
        reserve: async () => ({ type: 'exhausted', period: 'day' }),
        settle: async () => undefined,
        renew: async () => undefined,
        spent: async () => ({ day: 0, month: 0, reserved: 0 }),
      },
      limitsOf: () => ({ account: 'key_1', limits: { ...noLimits, tokensPerDay: 1 } }),
      nowSeconds: () => 1_795_363_200,
      emit: () => undefined,
    });
    const kit = await startBroker([remote(upstream.baseUrl)], budgets);
    kit.access.startRun('run_1', 'key_1');
    return { ...kit, upstream };
  }

  /** Calls over a hundred connections, which cost less than as many fetches. */
  async function callsOver(upstream: ReturnType<typeof remote>, budget: CallBudget) {
    const { access } = await startBroker([upstream], budget);
    access.startRun('run_1', 'key_1');
    const agent = new Agent({ keepAlive: true, maxSockets: 100 });
    onTestFinished(() => agent.destroy());
    const headers = {
      authorization: `Bearer ${access.token}`,
      'content-type': 'application/json',
      'x-dropgate-run': 'run_1',
    };
    const call = async (): Promise<number | undefined> => {
      const request = httpRequest(`${access.baseUrl}/responses`, {
        agent,
        method: 'POST',
        headers,
      });
      request.end(question);
      const [response] = (await once(request, 'response')) as [IncomingMessage];
      response.resume();
      await once(response, 'end');
      return response.statusCode;
    };
    return { call };
  }
});
