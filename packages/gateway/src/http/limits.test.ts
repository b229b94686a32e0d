import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { asAdmin, asCaller, type FakeGateway, fakeGateway } from '../../test/support/http-fakes.ts';
import { chat, sendRaw, serve } from '../../test/support/http-server.ts';
import { GatewayError } from '../errors.ts';
import { noLimits } from '../policy/limits/key-limits.ts';
import { createLimitChecks } from '../policy/limits/limit-checks.ts';
import { createRateLimit } from '../policy/limits/rate-limit.ts';
import { createRunSlots } from '../policy/limits/run-slots.ts';
import type { KeyLimits } from '../protocol/policy.ts';
import { createUnreadRoom } from '../protocol/unread-room.ts';
import { StoreError } from '../storage/store-error.ts';
import { createApp } from './app.ts';

/** A gateway whose caller key has these limits, and no other key any. */
function limited(limits: Partial<KeyLimits>, settings: Partial<FakeGateway['settings']> = {}) {
  const slots = createRunSlots();
  const gateway = fakeGateway({
    limits: createLimitChecks({
      limitsOf: (keyId) =>
        keyId === 'key_caller' ? { account: keyId, limits: { ...noLimits, ...limits } } : null,
      rateLimit: createRateLimit({ shared: null, nowMs: Date.now, emit: () => undefined }),
      slots,
    }),
    settings,
  });
  return { gateway, slots };
}

const rateHeaders = (headers: Headers) =>
  [...headers].filter(([name]) => name.startsWith('x-ratelimit-'));

describe('requests a minute', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 }));
  afterEach(() => void vi.useRealTimers());

  test('are told on every answer of a key with a limit, and refused beyond it until the minute is over', async () => {
    const { gateway } = limited({ requestsPerMinute: 2 });
    await using server = await serve(gateway);
    const first = await chat(server.url, { stream: true });
    expect([first.status, Object.fromEntries(rateHeaders(first.headers))]).toEqual([
      200,
      {
        'x-ratelimit-limit-requests': '2',
        'x-ratelimit-remaining-requests': '1',
        'x-ratelimit-reset-requests': '1m0s',
      },
    ]);
    await first.text();
    vi.setSystemTime(1_800_000_051_360);
    const second = await chat(server.url);
    expect(Object.fromEntries(rateHeaders(second.headers))).toMatchObject({
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '8.64s',
    });
    const third = await fetch(`${server.url}/v1/models`, { headers: asCaller });
    expect(third.status).toBe(429);
    expect(Object.fromEntries(third.headers)).toMatchObject({
      'retry-after': '9',
      'x-ratelimit-remaining-requests': '0',
    });
    expect(third.headers.has('x-should-retry')).toBe(false);
    expect(await third.json()).toEqual({
      error: {
        message: 'This key may send 2 requests a minute. Try again in 9 s.',
        type: 'requests',
        param: null,
        code: 'rate_limit_exceeded',
      },
    });
    expect(gateway.inputs).toHaveLength(2);
    vi.setSystemTime(1_800_000_059_983);
    const fourth = await fetch(`${server.url}/v1/models`, { headers: asCaller });
    expect(fourth.headers.get('x-ratelimit-reset-requests')).toBe('17ms');
    vi.setSystemTime(1_800_000_060_001);
    expect((await fetch(`${server.url}/v1/models`, { headers: asCaller })).status).toBe(200);
  });

  test('are not counted of a key without a limit, nor of whoever has no key', async () => {
    const { gateway } = limited({ requestsPerMinute: 1 });
    const app = createApp(gateway);
    for (const headers of [asAdmin, { authorization: 'Bearer dg_wrong' }, {}, asAdmin]) {
      const { headers: answered } = await app.inject({ url: '/v1/models', headers });
      expect(Object.keys(answered).filter((name) => name.startsWith('x-ratelimit-'))).toEqual([]);
    }
    const { statusCode } = await app.inject({ url: '/v1/models', headers: asCaller });
    expect(statusCode).toBe(200);
  });

  test('are counted before anything is decided or looked for', async () => {
    const { gateway } = limited({ requestsPerMinute: 1 });
    const app = createApp(gateway);
    const first = await app.inject({ url: '/gone', headers: asCaller });
    const second = await app.inject({ url: '/admin/agents', headers: asCaller });
    expect([first.statusCode, second.statusCode]).toEqual([404, 429]);
  });
});

describe('runs at once', () => {
  test('beyond the limit are refused before the body is read, other requests are not', async () => {
    const { gateway, slots } = limited({ concurrentRuns: 1 });
    const app = createApp(gateway);
    const giveBack = slots.take('key_caller', 1);
    const url = '/v1/chat/completions';
    const run = () => app.inject({ method: 'POST', url, headers: asCaller, body: '{' });
    const refused = await run();
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '1']);
    expect(refused.json().error).toMatchObject({
      message: 'This key may have one run at once. Try again when one has ended.',
      code: 'rate_limit_exceeded',
    });
    expect((await app.inject({ url: '/v1/models', headers: asCaller })).statusCode).toBe(200);
    expect((await app.inject({ url, headers: asCaller })).statusCode).toBe(405);
    giveBack?.();
    expect((await run()).statusCode).toBe(400);
  });
});

describe('a body that is too large', () => {
  const post = (secret: string) =>
    [
      'POST /v1/chat/completions HTTP/1.1',
      'Host: gateway',
      `Authorization: Bearer ${secret}`,
      'Content-Type: application/json',
      'Content-Length: 67108864',
      '\r\n{',
    ].join('\r\n');

  test.each([
    ['a wrong key', 'dg_wrong', 401],
    ['a key over its rate', 'dg_caller', 429],
  ])(
    'of %s is answered at once, not waited for, and the connection ends',
    async (_, key, status) => {
      const { gateway } = limited({ requestsPerMinute: 1 }, { lingerMs: 500 });
      await using server = await serve(gateway);
      await chat(server.url);
      const answer = await sendRaw(server.url, post(key));
      expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    },
  );
});

describe('a store that is away', () => {
  test('for too long makes no difference between keys, nor is there anything without one', async () => {
    const gateway = fakeGateway({
      authenticate: () => {
        throw new GatewayError('store_unavailable', 'Away for too long.');
      },
    });
    const app = createApp(gateway);
    for (const [headers, status] of [
      [asAdmin, 503],
      [{ authorization: 'Bearer dg_wrong' }, 503],
      [{}, 401],
    ] as const) {
      expect((await app.inject({ url: '/v1/models', headers })).statusCode).toBe(status);
    }
  });

  const away = {
    error: { type: 'server_error', code: 'store_unavailable', param: null },
  };

  test('is told with what to do, its cause to the log and to admins only', async () => {
    const listModels = async () => {
      throw new StoreError('The disk that holds the store /data/gateway.db is full.');
    };
    const gateway = fakeGateway({ listModels });
    const app = createApp(gateway);
    const caller = await app.inject({ url: '/v1/models', headers: asCaller });
    expect([caller.statusCode, caller.headers['retry-after']]).toEqual([503, '5']);
    expect(caller.json()).toMatchObject(away);
    expect(caller.body).not.toContain('/data');
    const admin = await app.inject({ url: '/v1/models', headers: asAdmin });
    expect(admin.body).toContain('The disk that holds the store /data/gateway.db is full.');
    expect(gateway.events.filter(({ type }) => type === 'request_failed')).toMatchObject([
      { code: 'store_unavailable', error: expect.any(StoreError) },
      { code: 'store_unavailable' },
    ]);
  });
});

test('a long page is refused where others of its key wait to be read, and counts until its caller has it', async () => {
  const refused: unknown[] = [];
  const unread = createUnreadRoom((owner, kind) => refused.push([owner, kind]), {
    ofOwnerBytes: 150_000,
    ofAllBytes: 1_000_000,
  });
  const text = 'x'.repeat(100_000);
  const exposition = async () => ({ type: 'text/plain', text });
  const report = async () => '{}';
  await using server = await serve(fakeGateway({ unread, metrics: { exposition, report } }));
  const page = () => fetch(`${server.url}/metrics`, { headers: asAdmin });
  const waiting = unread.hold({ keyId: 'key_admin' }, 'page');
  waiting.set(60_000);
  const answer = await page();
  expect(answer.status).toBe(503);
  expect(await answer.text()).toContain('Answers that are not read leave no room for this one.');
  expect(refused).toEqual([[{ keyId: 'key_admin' }, 'page']]);
  waiting.release();
  expect((await (await page()).text()).length).toBe(100_000);
  await vi.waitUntil(() => unread.heldBytes() === 0);
});
