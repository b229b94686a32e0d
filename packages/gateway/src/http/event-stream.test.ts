import { expect, test } from 'vitest';
import { chunksOf, fakeGateway, hello, someUsage } from '../../test/support/http-fakes.ts';
import { chat, readUntil, serve } from '../../test/support/http-server.ts';
import type { RunEvent } from '../protocol/run.ts';

const often = { interval: 5 };

const finished: RunEvent = { type: 'finished', reason: 'stop', usage: someUsage };

test('sends headers and the role before the run says anything', async () => {
  const go = Promise.withResolvers<void>();
  const gateway = fakeGateway({
    async *says() {
      await go.promise;
      yield* hello;
    },
  });
  await using server = await serve(gateway);
  const response = await chat(server.url, { stream: true });
  expect(response.status).toBe(200);
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    'x-request-id': expect.stringMatching(/^req_/),
    'openai-processing-ms': expect.stringMatching(/^\d+$/),
  });
  const reader = response.body!.getReader();
  expect(await readUntil(reader, '\n\n')).toContain('{"role":"assistant","content":""}');
  go.resolve();
  expect(await readUntil(reader, '[DONE]')).toContain('"Hel"');
});

test('keeps a silent stream alive with comments', async () => {
  const go = Promise.withResolvers<void>();
  const gateway = fakeGateway({
    async *says() {
      await go.promise;
      yield* hello;
    },
    settings: { keepAliveMs: 5 },
  });
  await using server = await serve(gateway);
  const reader = (await chat(server.url, { stream: true })).body!.getReader();
  await readUntil(reader, ': keep-alive\n\n');
  await readUntil(reader, ': keep-alive\n\n');
  go.resolve();
  expect(await readUntil(reader, '[DONE]\n\n')).toContain('"stop"');
});

test('cancels the run of a caller that leaves, and reads on to its end', async () => {
  const told: string[] = [];
  const over = Promise.withResolvers<void>();
  const gateway = fakeGateway({
    async *says(signal) {
      yield { type: 'text', delta: 'Hel' };
      await aborted(signal);
      yield { type: 'text', delta: 'lo' };
      told.push('cancelled');
      over.resolve();
      yield { type: 'failed', code: 'run_cancelled', message: 'Cancelled.', usage: someUsage };
    },
  });
  await using server = await serve(gateway);
  const leave = new AbortController();
  const response = await chat(server.url, { stream: true }, { signal: leave.signal });
  await readUntil(response.body!.getReader(), '"Hel"');
  leave.abort();
  expect(await gateway.firstCancel).toBe('the caller left');
  await over.promise;
  expect(told).toEqual(['cancelled']);
  await expect
    .poll(() => gateway.events, often)
    .toMatchObject([{ type: 'request_ended', status: 499 }]);
});

test('cancels a whole answer’s run when the caller leaves', async () => {
  const began = Promise.withResolvers<void>();
  const gateway = fakeGateway({
    async *says(signal) {
      began.resolve();
      await aborted(signal);
      yield { type: 'failed', code: 'run_cancelled', message: 'Cancelled.', usage: someUsage };
    },
  });
  await using server = await serve(gateway);
  const leave = new AbortController();
  const response = chat(server.url, {}, { signal: leave.signal });
  response.catch(() => undefined);
  await began.promise;
  leave.abort();
  expect(await gateway.firstCancel).toBe('the caller left');
});

test('cancels at once where the caller left before the run was admitted', async () => {
  const asked = Promise.withResolvers<void>();
  const admit = Promise.withResolvers<void>();
  const fake = fakeGateway({ says: () => [finished] });
  const gateway = {
    ...fake,
    startRun: async (...args: Parameters<typeof fake.startRun>) => {
      asked.resolve();
      await admit.promise;
      return fake.startRun(...args);
    },
  };
  await using server = await serve(gateway);
  const leave = new AbortController();
  chat(server.url, { stream: true }, { signal: leave.signal }).catch(() => undefined);
  await asked.promise;
  leave.abort();
  await expect.poll(() => gateway.events, often).toMatchObject([{ type: 'request_ended' }]);
  admit.resolve();
  expect(await gateway.firstCancel).toBe('the caller left');
});

test('does not cancel a run that ended', async () => {
  const gateway = fakeGateway();
  await using server = await serve(gateway);
  await (await chat(server.url, { stream: true })).text();
  await (await chat(server.url)).text();
  await expect.poll(() => gateway.events.length, often).toBe(2);
  expect(gateway.cancelled).toEqual([]);
});

test('stops reading the run while its caller does not read, and serves others', async () => {
  const total = 4000;
  let pulled = 0;
  const gateway = fakeGateway({
    *says() {
      for (; pulled < total; pulled++) yield { type: 'text', delta: 'x'.repeat(16_384) };
      yield finished;
    },
  });
  await using server = await serve(gateway);
  const slow = await chat(server.url, { stream: true });
  let before = -1;
  while (before !== pulled) {
    before = pulled;
    for (let others = 0; others < 20; others++) await fetch(`${server.url}/healthz`);
  }
  expect(pulled).toBeLessThan(total);
  const stream = await slow.text();
  expect(pulled).toBe(total);
  expect(stream.endsWith('data: [DONE]\n\n')).toBe(true);
});

test('lets go of a caller that leaves without having read', async () => {
  let pulled = 0;
  const over = Promise.withResolvers<void>();
  const gateway = fakeGateway({
    *says(signal) {
      for (; !signal.aborted; pulled++) yield { type: 'text', delta: 'x'.repeat(65_536) };
      over.resolve();
      yield { type: 'failed', code: 'run_cancelled', message: 'Cancelled.', usage: someUsage };
    },
  });
  await using server = await serve(gateway);
  const leave = new AbortController();
  await chat(server.url, { stream: true }, { signal: leave.signal });
  let before = -1;
  while (before !== pulled) {
    before = pulled;
    for (let others = 0; others < 20; others++) await fetch(`${server.url}/healthz`);
  }
  leave.abort();
  await over.promise;
  expect(gateway.cancelled).toEqual(['the caller left']);
});

test('tells in the stream what goes wrong in it', async () => {
  const gateway = fakeGateway({
    *says() {
      yield { type: 'text', delta: 'Hal' };
      yield {
        type: 'text',
        get delta(): string {
          throw new Error('EPIPE /srv/worker');
        },
      };
    },
  });
  await using server = await serve(gateway);
  const response = await chat(server.url, { stream: true });
  const stream = await response.text();
  expect(response.status).toBe(200);
  expect(stream).not.toContain('/srv');
  expect(chunksOf(stream).at(-1).error.code).toBe('internal_error');
  expect(stream).toMatch(/data: \[DONE\]\n\n$/);
  expect(gateway.events).toContainEqual(
    expect.objectContaining({
      type: 'request_failed',
      requestId: response.headers.get('x-request-id'),
    }),
  );
  expect(gateway.cancelled).toEqual(['its answer cannot be written']);
});

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
