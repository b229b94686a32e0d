import { describe, expect, test } from 'vitest';
import { remote, startBrokerOver, startUpstream, ways } from '../../../test/support/broker-kit.ts';

const question = JSON.stringify({ model: 'gpt-5', input: 'hi' });
const answer = JSON.stringify({ object: 'response', usage: { input_tokens: 3, output_tokens: 2 } });

/** A server that answers as it is told to from now on. */
async function startTold() {
  const told = { status: 200, headers: {} as Record<string, string> };
  const server = await startUpstream((_request, response) => {
    response.writeHead(told.status, { 'content-type': 'application/json', ...told.headers });
    response.end(told.status < 400 ? answer : '{"error":{"message":"down"}}');
  });
  return {
    ...server,
    answers(status: number, headers: Record<string, string> = {}) {
      Object.assign(told, { status, headers });
    },
  };
}

/** A time that passes when it is told to, on a clock that can be set. */
function createClock() {
  let steady = 0;
  let setTo = Date.UTC(2026, 10, 29);
  return {
    nowMs: () => setTo + steady,
    steadyMs: () => steady,
    pass: (seconds: number) => (steady += seconds * 1000),
    setBy: (seconds: number) => (setTo += seconds * 1000),
  };
}

describe.each(ways)('calls over %s', (way) => {
  const begin = async (...settings: Parameters<typeof remote>[1][]) => {
    const clock = createClock();
    const upstream = await startTold();
    const all = settings.length > 0 ? settings : [{}];
    const upstreams = all.map((each) => remote(upstream.baseUrl, { maxFailures: 3, ...each }));
    const { send, ...rest } = await startBrokerOver(way)(
      upstreams,
      undefined,
      undefined,
      {},
      clock,
    );
    const call = async () => {
      const response = await send('/responses', { body: question });
      return { status: response.status, headers: response.headers, text: await response.text() };
    };
    const callTimes = async (times: number) => {
      for (let call_ = 0; call_ < times; call_++) await call();
    };
    return { clock, upstream, call, callTimes, send, ...rest };
  };

  test('after failures in a row an upstream is asked no more, until one call finds it well', async () => {
    const { clock, upstream, call, callTimes, outages } = await begin();
    upstream.answers(500);
    await callTimes(3);
    expect(await call()).toMatchObject({
      status: 503,
      text: '{"error":{"message":"The upstream \\"openai\\" failed time after time and is left alone for 5 s more.","type":"server_error","param":null,"code":"upstream_error"}}',
    });
    const { headers } = await call();
    expect([headers.get('x-should-retry'), headers.get('retry-after')]).toEqual(['false', '5']);
    expect(upstream.requests).toHaveLength(3);
    clock.pass(5);
    upstream.answers(200);
    expect((await call()).status).toBe(200);
    expect((await call()).status).toBe(200);
    expect(upstream.requests).toHaveLength(5);
    expect(outages).toEqual([
      {
        type: 'upstream_cooling',
        upstream: 'openai',
        baseUrl: upstream.baseUrl,
        failures: 3,
        error: 'HTTP 500: down',
        restMs: 5000,
        fallback: null,
      },
      { type: 'upstream_recovered', upstream: 'openai', afterMs: 5000 },
    ]);
  });

  test('it is left alone for longer each time that it fails the call which tries it', async () => {
    const { clock, upstream, callTimes, outages } = await begin();
    upstream.answers(503);
    await callTimes(3);
    const asked: number[] = [];
    for (const seconds of [4, 1, 9, 1, 19, 1]) {
      clock.pass(seconds);
      await callTimes(2);
      asked.push(upstream.requests.length);
    }
    expect(asked).toEqual([3, 4, 4, 5, 5, 6]);
    expect(outages).toHaveLength(1);
  });

  test.each([-3600, 3600])(
    'a clock that is set by %d s changes nothing of that',
    async (seconds) => {
      const { clock, upstream, call, callTimes } = await begin();
      upstream.answers(500);
      await callTimes(3);
      clock.setBy(seconds);
      upstream.answers(200);
      expect((await call()).headers.get('retry-after')).toBe('5');
      clock.pass(5);
      expect((await call()).status).toBe(200);
    },
  );

  test('it is left alone for as long as it asks for', async () => {
    const { clock, upstream, callTimes } = await begin();
    upstream.answers(503, { 'retry-after': '90' });
    await callTimes(4);
    clock.pass(89);
    await callTimes(1);
    expect(upstream.requests).toHaveLength(3);
    clock.pass(1);
    await callTimes(1);
    expect(upstream.requests).toHaveLength(4);
  });

  test('what one agent alone saw fail is left alone by that agent, until another sees it fail too', async () => {
    const { broker, clock, upstream, callTimes, send, outages } = await begin();
    const { token } = broker.grant('default/other');
    const callAsOther = async () => (await send('/responses', { body: question, token })).status;
    upstream.answers(500);
    await callTimes(4);
    expect(upstream.requests).toHaveLength(3);
    upstream.answers(200);
    expect(await callAsOther()).toBe(200);
    await callTimes(1);
    expect(upstream.requests).toHaveLength(4);
    upstream.answers(500);
    expect(await callAsOther()).toBe(500);
    expect(await callAsOther()).toBe(503);
    expect(upstream.requests).toHaveLength(5);
    clock.pass(5);
    upstream.answers(200);
    expect(await callAsOther()).toBe(200);
    await callTimes(1);
    expect(upstream.requests).toHaveLength(7);
    expect(outages.map(({ type }) => type)).toEqual(['upstream_cooling', 'upstream_recovered']);
  });

  test('its fallback is asked at once meanwhile', async () => {
    const second = await startTold();
    const { upstream, call, calls, callTimes, outages } = await begin(
      { fallback: 'second' },
      { name: 'second', baseUrl: second.baseUrl },
    );
    upstream.answers(500);
    await callTimes(3);
    expect((await call()).status).toBe(200);
    expect(upstream.requests).toHaveLength(3);
    expect(second.requests).toHaveLength(4);
    expect(calls.at(-1)).toMatchObject({ upstream: 'second', attempts: 1, outcome: 'ok' });
    expect(outages).toMatchObject([{ type: 'upstream_cooling', fallback: 'second' }]);
  });

  test.each([400, 401, 403, 404, 422, 429])(
    'an answer with status %i is none of its failures',
    async (status) => {
      const { upstream, callTimes, called, outages } = await begin();
      upstream.answers(status);
      await callTimes(8);
      const attempts = (await called(8)).map((call) => call.attempts);
      expect([attempts, outages]).toEqual([Array(8).fill(1), []]);
    },
  );

  test('a model of which there are too many calls goes to the fallback until the limit is over', async () => {
    const second = await startTold();
    const { clock, upstream, call, callTimes, send, outages } = await begin(
      { fallback: 'second' },
      { name: 'second', baseUrl: second.baseUrl },
    );
    upstream.answers(429, { 'retry-after': '20' });
    expect((await call()).status).toBe(200);
    await callTimes(3);
    expect([upstream.requests.length, second.requests.length]).toEqual([1, 4]);
    await send('/responses', { body: JSON.stringify({ model: 'gpt-5-mini', input: 'hi' }) });
    expect([upstream.requests.length, second.requests.length]).toEqual([2, 5]);
    clock.pass(20);
    upstream.answers(200);
    await callTimes(1);
    expect([upstream.requests.length, second.requests.length, outages]).toEqual([3, 5, []]);
  });

  test('without a fallback it is asked all the same', async () => {
    const { upstream, callTimes } = await begin();
    upstream.answers(429, { 'retry-after': '20' });
    await callTimes(3);
    expect(upstream.requests).toHaveLength(3);
  });

  test('an answer between ends the row, and 429 does not', async () => {
    const { upstream, callTimes } = await begin();
    for (const status of [500, 500, 400, 500, 500]) {
      upstream.answers(status);
      await callTimes(1);
    }
    upstream.answers(429);
    await callTimes(1);
    expect(upstream.requests).toHaveLength(6);
    upstream.answers(500);
    await callTimes(2);
    expect(upstream.requests).toHaveLength(7);
  });

  test('failures that lie more than a minute apart are no row', async () => {
    const { clock, upstream, callTimes } = await begin();
    upstream.answers(500);
    for (let failure = 0; failure < 5; failure++) {
      await callTimes(1);
      clock.pass(61);
    }
    expect(upstream.requests).toHaveLength(5);
  });

  test('one that cannot be reached is left alone too, and none where that is turned off', async () => {
    const { call, callTimes, health } = await begin({ baseUrl: 'http://127.0.0.1:1/v1' });
    await callTimes(3);
    expect((await call()).text).toContain('left alone');
    expect(health.of(remote('http://127.0.0.1:1/v1', { maxFailures: 3 }))).toMatchObject({
      state: 'open',
      lastError: { message: expect.stringContaining('ECONNREFUSED') },
    });
    const never = await begin({ maxFailures: 0 });
    never.upstream.answers(500);
    await never.callTimes(5);
    expect(never.upstream.requests).toHaveLength(5);
  });

  test('a call that gets no answer is not waited for long, and one that its caller leaves tells nothing', async () => {
    const clock = createClock();
    const held = Promise.withResolvers<void>();
    let isDown = true;
    const upstream = await startUpstream((_request, response, index) => {
      if (index === 1) held.resolve();
      else response.writeHead(isDown ? 500 : 200, { 'content-type': 'application/json' });
      if (index !== 1) response.end(isDown ? '{}' : answer);
    });
    const settings = remote(upstream.baseUrl, { maxFailures: 1 });
    const { send, called, health } = await startBrokerOver(way)(
      [settings],
      undefined,
      undefined,
      {},
      clock,
    );
    await send('/responses', { body: question });
    clock.pass(5);
    const leaving = new AbortController();
    const left = send('/responses', { body: question, signal: leaving.signal }).catch(() => null);
    await held.promise;
    expect(health.of(settings)?.state).toBe('half_open');
    const other = await send('/responses', { body: question });
    expect([other.status, other.headers.get('retry-after')]).toEqual([503, '1']);
    clock.pass(30);
    const later = await send('/responses', { body: question });
    expect([later.status, upstream.requests.length]).toEqual([500, 3]);
    clock.pass(10);
    leaving.abort();
    await left;
    await called(4);
    isDown = false;
    expect((await send('/responses', { body: question })).status).toBe(200);
  });
});
