import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { remote, startBrokerOver, startUpstream, ways } from '../../../test/support/broker-kit.ts';

describe.each(ways)('calls over %s', (way) => {
  const startBroker = startBrokerOver(way);

  const question = JSON.stringify({ model: 'gpt-5', messages: [], stream: true });
  const usage = '"usage":{"prompt_tokens":4,"completion_tokens":1}';

  /** An upstream that streams one chunk and then waits, or says nothing at all. */
  async function hanging(how: 'silent' | 'streaming') {
    const arrived = Promise.withResolvers<IncomingMessage>();
    const upstream = await startUpstream((request, response) => {
      arrived.resolve(request);
      if (how === 'silent') return;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`data: {"choices":[{"delta":{}}],${usage}}\n\n`);
    });
    const broker = await startBroker([remote(upstream.baseUrl, { maxRetries: 2 })]);
    broker.access.startRun('run_1', 'key_1');
    return { ...broker, upstream, arrived: arrived.promise };
  }

  /** Resolves when the upstream sees its connection closed. How soon that is, the benchmark measures. */
  async function closedAfter(request: IncomingMessage, act: () => void): Promise<void> {
    const closed = once(request.socket, 'close');
    act();
    await closed;
  }

  describe('ending a run', () => {
    test('closes its stream at the upstream at once and cuts the worker off', async () => {
      const { send, access, arrived, called } = await hanging('streaming');
      const response = await send('/chat/completions', { body: question, run: 'run_1' });
      await closedAfter(await arrived, () => access.endRun('run_1'));
      await expect(response.text()).rejects.toThrow();
      expect(await called(1)).toMatchObject([
        {
          runId: 'run_1',
          keyId: 'key_1',
          outcome: 'aborted',
          usage: { inputTokens: 4, outputTokens: 1 },
        },
      ]);
    });

    test('before the first byte gives the worker an answer that it does not retry', async () => {
      const { send, access, arrived, upstream } = await hanging('silent');
      const pending = send('/chat/completions', { body: question });
      await closedAfter(await arrived, () => access.endRun('run_1'));
      const response = await pending;
      expect([response.status, response.headers.get('x-should-retry')]).toEqual([499, 'false']);
      expect(upstream.requests).toHaveLength(1);
    });

    test('does not wait for a connection that is still being made', async () => {
      const connected = Promise.withResolvers<void>();
      // Takes connections but never shakes hands.
      const listener = createServer(() => connected.resolve());
      await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
      onTestFinished(() => void listener.close());
      const { port } = listener.address() as AddressInfo;
      const { send, access, called } = await startBroker([remote(`https://127.0.0.1:${port}/v1`)]);
      access.startRun('run_1', 'key_1');
      const pending = send('/responses', { body: question });
      await connected.promise;
      access.endRun('run_1');
      expect((await pending).status).toBe(499);
      expect(await called(1)).toMatchObject([{ outcome: 'aborted', status: 0 }]);
    });

    test('ends a pause between two attempts', async () => {
      const upstream = await startUpstream((_request, response) => {
        response.writeHead(503, { 'retry-after': '5' }).end();
      });
      const { send, access, called } = await startBroker([
        remote(upstream.baseUrl, { maxRetries: 2 }),
      ]);
      access.startRun('run_1', 'key_1');
      const pending = send('/responses', { body: question });
      while (upstream.requests.length === 0) await new Promise(setImmediate);
      await new Promise(setImmediate);
      access.endRun('run_1');
      expect((await pending).status).toBe(499);
      expect(await called(1)).toMatchObject([{ outcome: 'aborted', attempts: 1 }]);
    });

    test('leaves the calls of other runs alone', async () => {
      const { send, access, arrived, called } = await hanging('streaming');
      access.startRun('run_2', 'key_2');
      const response = await send('/chat/completions', { body: question, run: 'run_2' });
      await arrived;
      access.endRun('run_1');
      const { value } = await response.body!.getReader().read();
      expect(value?.length).toBeGreaterThan(0);
      expect(await Promise.race([called(1), Promise.resolve('none')])).toBe('none');
    });
  });

  test('a worker that leaves ends its call at the upstream', async () => {
    const { send, arrived, called } = await hanging('streaming');
    const leave = new AbortController();
    await send('/chat/completions', { body: question, signal: leave.signal });
    await closedAfter(await arrived, () => leave.abort());
    expect(await called(1)).toMatchObject([{ outcome: 'aborted' }]);
  });

  test('a worker that leaves before the first byte ends its call too', async () => {
    const { send, arrived, called } = await hanging('silent');
    const leave = new AbortController();
    const refused = expect(
      send('/chat/completions', { body: question, signal: leave.signal }),
    ).rejects.toThrow();
    await closedAfter(await arrived, () => leave.abort());
    await refused;
    expect(await called(1)).toMatchObject([{ outcome: 'aborted', status: 0 }]);
  });

  test('revoking a token ends its calls, those of no run included', async () => {
    const { send, access, arrived } = await hanging('streaming');
    access.startRun('run_2', 'key_1');
    const response = await send('/chat/completions', { body: question });
    await closedAfter(await arrived, () => access.revoke());
    await expect(response.text()).rejects.toThrow();
  });

  test('closing the broker ends every call and refuses the next', async () => {
    const { send, broker, arrived } = await hanging('streaming');
    const response = await send('/chat/completions', { body: question });
    await arrived;
    await broker.close();
    await expect(response.text()).rejects.toThrow();
    const next = send('/chat/completions', { body: question }).then(({ status }) => status);
    // A channel lives on, and is told so; a connection cannot be made.
    expect(await next.catch(() => 'no connection')).toBe(
      way === 'the channel' ? 401 : 'no connection',
    );
  });
});
