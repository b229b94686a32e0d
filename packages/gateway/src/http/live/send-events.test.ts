import { expect, test } from 'vitest';
import { fakeLive } from '../../../test/support/admin-fakes.ts';
import { readEvents } from '../../../test/support/event-reader.ts';
import { fakeGateway } from '../../../test/support/http-fakes.ts';
import { readUntil, serve } from '../../../test/support/http-server.ts';
import type { EventOf } from '../../events.ts';
import { createEventRing } from '../../observability/live/event-ring.ts';
import type { StreamEnd } from '../../protocol/admin/events-answer.ts';

/** The HTTP side with a ring that the test fills, whose readers may see everything. */
function scene() {
  const ring = createEventRing({
    nowMs: () => Date.UTC(2026, 10, 30, 12),
    redact: () => (text) => text.replaceAll('s3cret', '[redacted]'),
  });
  let end: StreamEnd | null = null;
  const view = { shows: () => true, whyOver: () => end, close: () => undefined };
  const gateway = fakeGateway({ live: { ...fakeLive(), feed: ring, view: () => view } });
  return {
    ring,
    gateway,
    endAll: () => {
      end = 'stopping';
    },
  };
}

const waits = (waiting: number): EventOf<'queue_changed'> => ({ type: 'queue_changed', waiting });

function called(model: string): EventOf<'model_called'> {
  return {
    type: 'model_called',
    agentId: 'default/echo',
    runId: 'run_1',
    keyId: 'key_1',
    requestId: 'req_1',
    modulePath: 'src/agents/Echo/agent.ts',
    generation: 1,
    spanId: null,
    upstream: 'demo',
    path: '/v1/responses',
    model,
    status: 200,
    outcome: 'ok',
    attempts: 1,
    durationMs: 12,
    firstByteMs: 3,
    user: null,
    usage: null,
    costNanoUsd: null,
    error: null,
    code: null,
    body: Buffer.from('what was asked'),
    answer: [Buffer.from('what was answered')],
  };
}

test('tells a hundred events in a second, says how many it skipped, and has room left for what is no traffic', async () => {
  const { ring, gateway, endAll } = scene();
  await using server = await serve(gateway);
  const reader = await readEvents(server.url, 'dg_admin');
  for (let waiting = 1; waiting <= 300; waiting += 1) ring.listener(waits(waiting));
  ring.listener(called('gpt-5'));
  ring.listener({ type: 'policy_changed', part: 'rules' });
  const first = [];
  for (let at = 0; at < 92; at += 1) first.push(await reader.next());
  expect(first.slice(0, 90).map(({ data }) => data.waiting)).toEqual(
    Array.from({ length: 90 }, (_, at) => at + 1),
  );
  expect(first.slice(90)).toEqual([
    {
      id: `${ring.life}-302`,
      data: { type: 'skipped', count: 211, types: ['queue_changed', 'model_called'] },
    },
    { id: `${ring.life}-302`, data: { type: 'rules_changed', at: '2026-11-30T12:00:00.000Z' } },
  ]);
  endAll();
  expect(await reader.rest()).toEqual([{ id: '', data: { type: 'ended', reason: 'stopping' } }]);
});

test('tells all that is kept to who comes back, without secrets and contents', async () => {
  const { ring, gateway, endAll } = scene();
  for (let waiting = 1; waiting <= 300; waiting += 1) ring.listener(waits(waiting));
  ring.listener(called('s3cret-model'));
  await using server = await serve(gateway);
  const back = await readEvents(server.url, 'dg_admin', { lastId: `${ring.life}-100` });
  expect(back.hello).toEqual({
    id: `${ring.life}-100`,
    data: { type: 'hello', life: ring.life, missed: false },
  });
  for (let waiting = 101; waiting <= 300; waiting += 1) {
    expect((await back.next()).data.waiting).toBe(waiting);
  }
  expect(await back.next()).toEqual({
    id: `${ring.life}-301`,
    data: {
      type: 'model_called',
      at: '2026-11-30T12:00:00.000Z',
      run_id: 'run_1',
      agent_id: 'default/echo',
      upstream: 'demo',
      model: '[redacted]-model',
      outcome: 'ok',
      duration_ms: 12,
    },
  });
  endAll();
  expect(await back.rest()).toHaveLength(1);
});

test('keeps a silent stream alive, and begins none for a request that only looks', async () => {
  const { ring } = scene();
  const view = { shows: () => true, whyOver: () => null, close: () => undefined };
  const live = { ...fakeLive(), feed: ring, view: () => view };
  await using server = await serve(fakeGateway({ live, settings: { keepAliveMs: 5 } }));
  const headers = { authorization: 'Bearer dg_admin' };
  const looked = await fetch(`${server.url}/admin/events`, { method: 'HEAD', headers });
  expect([looked.status, await looked.text()]).toEqual([200, '']);
  const leave = new AbortController();
  const stream = await fetch(`${server.url}/admin/events`, { headers, signal: leave.signal });
  const reader = stream.body!.getReader();
  await readUntil(reader, ': keep-alive\n\n');
  await readUntil(reader, ': keep-alive\n\n');
  leave.abort();
});

test('tells a reader who was too slow that it missed something, and goes on from now', async () => {
  const { ring, gateway, endAll } = scene();
  // More than sockets hold for a reader who reads nothing.
  const long = 'x'.repeat(64 * 1024);
  for (let at = 0; at < 1000; at += 1) ring.listener(called(long));
  await using server = await serve(gateway);
  const reader = await readEvents(server.url, 'dg_admin', { query: `?after=${ring.life}-0` });
  for (let waiting = 1; waiting <= 2500; waiting += 1) ring.listener(waits(waiting));
  const again = await reader.nextOf('hello');
  expect(again).toEqual({
    id: `${ring.life}-3500`,
    data: { type: 'hello', life: ring.life, missed: true },
  });
  ring.listener(waits(7));
  expect((await reader.next()).data).toMatchObject({ type: 'queue_changed', waiting: 7 });
  endAll();
  await reader.rest();
});
