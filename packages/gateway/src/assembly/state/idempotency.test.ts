import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import {
  asAdmin,
  asCaller,
  type FakeGateway,
  fakeGateway,
  hello,
  someUsage,
} from '../../../test/support/http-fakes.ts';
import { chat, readUntil, sendRaw, serve } from '../../../test/support/http-server.ts';
import { GatewayError } from '../../errors.ts';
import type { FlightTimes } from '../../http/idempotency/flight.ts';
import type { RunEvent } from '../../protocol/run.ts';
import type { Store } from '../../protocol/store.ts';
import type { StartRun } from '../../runs/start-run.ts';
import { openStore } from '../../storage/open-store.ts';
import { createIdempotency } from './idempotency.ts';

const folder = mkdtempSync(join(tmpdir(), 'dropgate-once-'));
let store: Store;

beforeAll(async () => {
  store = await openStore(`sqlite:${join(folder, 'gateway.db')}`);
});
afterAll(async () => {
  await store?.close();
  rmSync(folder, { recursive: true, force: true });
});

type Says = (signal: AbortSignal) => AsyncIterable<RunEvent> | Iterable<RunEvent>;

type More = {
  readonly says?: Says;
  readonly isShared?: boolean;
  readonly hours?: number;
  readonly actsUntold?: boolean;
  readonly flights?: FlightTimes;
  readonly startRun?: (start: StartRun) => StartRun;
  readonly idempotency?: Partial<Store['idempotency']>;
  /** Whether the key may have another run, as is asked before a body is read. */
  readonly hasSlots?: boolean;
};

/** A gateway that knows repeats, on the one store; each is a process of its own to it. */
async function gatewayThat({ says = () => hello, ...more }: More = {}) {
  const { isShared = false, hours: idempotencyHours = 24, actsUntold = false, flights } = more;
  const live = { current: () => ({ state: { idempotencyHours } }) } as never;
  const idempotency = { ...store.idempotency, ...more.idempotency };
  const parts = { store: { ...store, isShared, idempotency }, live, emit: () => undefined };
  const { askOnce } = createIdempotency(parts);
  const settings = flights ? { flights } : {};
  const fake = fakeGateway({ says, askOnce, run: { actsUntold }, settings });
  const { startRun = (start) => start, hasSlots = true } = more;
  const checkRun = () => {
    if (!hasSlots) throw new GatewayError('rate_limited', 'No run is left.');
  };
  const limits = { countRequest: () => null, checkRun };
  const server = await serve({ ...fake, limits, startRun: startRun(fake.startRun) });
  return Object.assign(server, { runs: fake.inputs, fake });
}

const newKey = randomUUID;

const under = (key: string, more: object = {}) => ({
  headers: { ...asCaller, 'content-type': 'application/json', 'idempotency-key': key, ...more },
});

const codeOf = async (answer: Response) =>
  ((await answer.json()) as { error: { code: string } }).error.code;

const toolThen = (...events: RunEvent[]): RunEvent[] => [
  { type: 'tool_started', callId: 'c1', tool: 'pay', agent: 'Desk', provenance: 'native' },
  {
    type: 'tool_ended',
    callId: 'c1',
    tool: 'pay',
    agent: 'Desk',
    provenance: 'native',
    outcome: 'ok',
    durationMs: 1,
  } as never,
  ...events,
];

const failed = (code: GatewayError['code']): RunEvent => ({
  type: 'failed',
  code,
  message: 'It broke.',
  usage: someUsage,
});

/** Says a word, and the rest once it is let go on. */
function heldRun(rest: readonly RunEvent[] = hello, first: readonly RunEvent[] = []) {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  async function* says(): AsyncIterable<RunEvent> {
    yield { type: 'text', delta: 'Well. ' };
    yield* first;
    begun.resolve();
    await gate.promise;
    yield* rest;
  }
  return { says, begun: begun.promise, goOn: gate.resolve };
}

describe('a request with an Idempotency-Key', () => {
  test('runs once, and its repeat gets the same answer and is told so', async () => {
    await using gateway = await gatewayThat();
    const key = newKey();
    const first = await chat(gateway.url, { temperature: 1, nonsense: 1 }, under(key));
    const answer = await first.text();
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    const again = await chat(gateway.url, { temperature: 1, nonsense: 1 }, under(key));
    expect([again.status, await again.text()]).toEqual([200, answer]);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(again.headers.get('x-original-request-id')).toBe(first.headers.get('x-request-id'));
    expect(again.headers.get('x-request-id')).not.toBe(first.headers.get('x-request-id'));
    expect(again.headers.get('x-agent-ignored')).toBe(first.headers.get('x-agent-ignored'));
    expect(again.headers.get('content-type')).toBe('application/json; charset=utf-8');
    await gateway.drain(0);
    const repeats = gateway.fake.events.flatMap((event) =>
      event.type === 'request_ended' ? [event.repeatOf] : [],
    );
    expect(repeats.filter(Boolean)).toEqual([first.headers.get('x-request-id')]);
    expect(gateway.runs).toHaveLength(1);
  });

  test('is the same without /v1, and another over Responses', async () => {
    await using gateway = await gatewayThat();
    const key = newKey();
    const first = await (await chat(gateway.url, {}, under(key))).text();
    const body = JSON.stringify({
      model: 'default/echo',
      messages: [{ role: 'user', content: 'Hi' }],
    });
    const init = { method: 'POST', body, ...under(key) };
    const alias = await fetch(`${gateway.url}/chat/completions`, init);
    expect(await alias.text()).toBe(first);
    expect(gateway.runs).toHaveLength(1);
    const asked = JSON.stringify({ model: 'default/echo', input: 'Hi' });
    const other = await fetch(`${gateway.url}/v1/responses`, { ...init, body: asked });
    expect(await other.json()).toMatchObject({ object: 'response' });
    expect(gateway.runs).toHaveLength(2);
  });

  test('is refused where its key came with another body, or another session', async () => {
    await using gateway = await gatewayThat();
    const key = newKey();
    await chat(gateway.url, {}, under(key));
    for (const other of [
      await chat(gateway.url, { user: 'x' }, under(key)),
      await chat(gateway.url, {}, under(key, { 'x-session-id': 's1' })),
    ]) {
      expect([other.status, await codeOf(other)]).toEqual([409, 'idempotency_key_reused']);
      expect(other.headers.get('x-should-retry')).toBe('false');
    }
    expect(gateway.runs).toHaveLength(1);
  });

  test('is refused likewise while the first runs', async () => {
    const held = heldRun();
    await using gateway = await gatewayThat({ says: held.says });
    const key = newKey();
    const first = chat(gateway.url, {}, under(key));
    await held.begun;
    expect((await chat(gateway.url, { user: 'x' }, under(key))).status).toBe(409);
    held.goOn();
    expect((await first).status).toBe(200);
  });

  test('runs once where a hundred come at once', async () => {
    const held = heldRun();
    await using gateway = await gatewayThat({ says: held.says });
    const key = newKey();
    const all = Array.from({ length: 100 }, () => chat(gateway.url, {}, under(key)));
    await held.begun;
    held.goOn();
    const answers = await Promise.all((await Promise.all(all)).map((answer) => answer.text()));
    expect(new Set(answers).size).toBe(1);
    expect(gateway.runs).toHaveLength(1);
  });

  test('runs once more, however many wait for the end of one that nobody wanted', async () => {
    const held = heldRun([failed('run_cancelled')]);
    await using gateway = await gatewayThat({ says: held.says, flights: { lingerMs: 0 } });
    const key = newKey();
    const abort = new AbortController();
    chat(gateway.url, {}, { ...under(key), signal: abort.signal }).catch(() => undefined);
    await held.begun;
    abort.abort();
    await gateway.fake.firstCancel;
    const all = Array.from({ length: 20 }, () => chat(gateway.url, {}, under(key)));
    held.goOn();
    const ids = (await Promise.all(all)).map((answer) => answer.headers.get('x-request-id'));
    expect([new Set(ids).size, gateway.runs.length]).toEqual([20, 2]);
  });

  test('waits for the first where its key has no other run left', async () => {
    const held = heldRun();
    await using gateway = await gatewayThat({ says: held.says, hasSlots: false });
    const key = newKey();
    const [first, again] = [1, 2].map(() => chat(gateway.url, {}, under(key)));
    await held.begun;
    expect((await chat(gateway.url, {})).status).toBe(429);
    held.goOn();
    expect([(await first)?.status, (await again)?.status]).toEqual([200, 200]);
  });

  test('is told that its answer is not known where that was too long to keep', async () => {
    const says = () => [{ type: 'text', delta: 'x'.repeat(5_000_000) } as const, ...hello];
    await using gateway = await gatewayThat({ says });
    const key = newKey();
    expect((await chat(gateway.url, {}, under(key))).status).toBe(200);
    const again = await chat(gateway.url, {}, under(key));
    expect([again.status, await codeOf(again)]).toEqual([409, 'run_outcome_unknown']);
    expect(gateway.runs).toHaveLength(1);
  });

  test('gets every event of a response again, with the same numbers', async () => {
    await using gateway = await gatewayThat();
    const body = JSON.stringify({ model: 'default/echo', input: 'Hi', stream: true });
    const init = { method: 'POST', body, ...under(newKey(), { via: '1.1 proxy' }) };
    const first = await (await fetch(`${gateway.url}/v1/responses`, init)).text();
    const again = await fetch(`${gateway.url}/v1/responses`, init);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await again.text()).toBe(first);
    expect(first).toMatch(/event: response\.completed\n.*\n\ndata: \[DONE\]\n\n$/);
    expect(gateway.runs).toHaveLength(1);
  });

  test('is known by its caller alone', async () => {
    await using gateway = await gatewayThat();
    const key = newKey();
    const first = await (await chat(gateway.url, {}, under(key))).json();
    const other = await chat(gateway.url, {}, under(key, asAdmin));
    expect(other.headers.get('idempotent-replayed')).toBeNull();
    expect(await other.json()).toMatchObject({ object: 'chat.completion' });
    expect(first).toMatchObject({ object: 'chat.completion' });
    expect(gateway.runs).toHaveLength(2);
  });

  test.each([
    ['', 'is empty'],
    ['x'.repeat(300), 'longer than 255 characters'],
    ['a\u0085b', 'control characters'],
    ['a\tb', 'control characters'],
  ])('is refused where the key is none: %j', async (key, why) => {
    await using gateway = await gatewayThat();
    const body = JSON.stringify({
      model: 'default/echo',
      messages: [{ role: 'user', content: 'Hi' }],
    });
    const answer = await sendRaw(gateway.url, raw(body, [key]));
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain(why);
    expect(gateway.runs).toHaveLength(0);
  });

  test('is refused where it has two keys, even the same', async () => {
    await using gateway = await gatewayThat();
    const body = JSON.stringify({
      model: 'default/echo',
      messages: [{ role: 'user', content: 'Hi' }],
    });
    expect(await sendRaw(gateway.url, raw(body, ['a', 'a']))).toContain('is sent twice');
  });

  test('is one like any other where the operator wants none, which is told', async () => {
    await using gateway = await gatewayThat({ hours: 0 });
    const key = newKey();
    await chat(gateway.url, {}, under(key));
    const again = await chat(gateway.url, {}, under(key));
    expect(again.headers.get('x-agent-ignored')).toBe('idempotency-key');
    expect(gateway.runs).toHaveLength(2);
  });

  test('does not run where it cannot be known whether it did', async () => {
    await using gateway = await gatewayThat();
    const away = await openStore(`sqlite:${join(folder, 'away.db')}`);
    await away.close();
    const { askOnce } = createIdempotency({
      store: away,
      live: { current: () => ({ state: { idempotencyHours: 24 } }) } as never,
      emit: () => undefined,
    });
    const fake: FakeGateway = { ...gateway.fake, askOnce };
    await using other = await serve(fake);
    const answer = await chat(other.url, {}, under(newKey()));
    expect([answer.status, await codeOf(answer)]).toEqual([503, 'store_unavailable']);
    expect(gateway.runs).toHaveLength(0);
  });
});

describe('a failure', () => {
  const ask = async (more: More, body: object = {}) => {
    await using gateway = await gatewayThat(more);
    const key = newKey();
    const first = await chat(gateway.url, body, under(key));
    const told = await first.text();
    const again = await chat(gateway.url, body, under(key));
    const same = (await again.text()) === told && again.status === first.status;
    const retry = again.headers.get('x-should-retry');
    return { status: first.status, same, retry, runs: gateway.runs.length };
  };

  test('after a tool ran is kept: the repeat gets it, and runs nothing', async () => {
    expect(await ask({ says: () => toolThen(failed('upstream_unavailable')) })).toEqual({
      status: 503,
      same: true,
      retry: 'false',
      runs: 1,
    });
  });

  test('that clients must not repeat is kept', async () => {
    const once = { same: true, retry: 'false', runs: 1 };
    expect(await ask({ says: () => [failed('run_failed')] })).toEqual({ status: 500, ...once });
  });

  test('of a run whose author’s own code may have done anything is kept', async () => {
    const says = () => [failed('upstream_unavailable')];
    expect(await ask({ says, actsUntold: true })).toMatchObject({ status: 503, runs: 1 });
    expect(await ask({ says })).toMatchObject({ status: 503, runs: 2 });
  });

  test('before anything ran is not kept: the repeat runs anew', async () => {
    for (const code of [
      'rate_limited',
      'quota_exhausted',
      'overloaded',
      'agent_not_found',
    ] as const) {
      let asked = 0;
      const refuse: StartRun = async () => {
        asked += 1;
        throw new GatewayError(code, 'Not now.');
      };
      expect(await ask({ startRun: () => refuse })).toMatchObject({ same: true, runs: 0 });
      expect(asked).toBe(2);
    }
  });

  test('in a stream that was read to its end is kept where a tool ran', async () => {
    const streamed = { stream: true };
    const says = () => toolThen(failed('upstream_failed'));
    expect(await ask({ says }, streamed)).toMatchObject({ status: 200, same: true, runs: 1 });
    const untouched = () => [failed('upstream_failed')];
    expect(await ask({ says: untouched }, streamed)).toMatchObject({ runs: 2 });
  });
});

describe('a caller that is cut off', () => {
  /** Asks, and leaves once the run has begun. */
  async function askAndLeave(
    url: string,
    key: string,
    held: ReturnType<typeof heldRun>,
    body = {},
  ) {
    const abort = new AbortController();
    const asked = chat(url, body, { ...under(key), signal: abort.signal });
    asked.catch(() => undefined);
    await held.begun;
    if ('stream' in body) {
      const reader = (await asked).body?.getReader();
      if (reader) await readUntil(reader, 'Well.');
    }
    abort.abort();
  }

  test('finds the run that goes on when it asks again, and runs nothing twice', async () => {
    const held = heldRun();
    await using gateway = await gatewayThat({ says: held.says });
    const key = newKey();
    await askAndLeave(gateway.url, key, held);
    const again = chat(gateway.url, {}, under(key));
    held.goOn();
    expect(await (await again).json()).toMatchObject({
      choices: [{ message: { content: 'Well. Hello' } }],
    });
    expect([gateway.runs.length, gateway.fake.cancelled]).toEqual([1, []]);
  });

  test('gets a stream from its beginning, while it goes on and when it is over', async () => {
    const held = heldRun();
    await using gateway = await gatewayThat({ says: held.says });
    const key = newKey();
    const body = { stream: true };
    await askAndLeave(gateway.url, key, held, body);
    const again = await chat(gateway.url, body, under(key, { 'x-forwarded-for': '203.0.113.1' }));
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    held.goOn();
    const told = await again.text();
    expect(told).toContain('"content":"Well. "');
    expect(told.match(/"role":"assistant"/g)).toHaveLength(1);
    expect(told).toMatch(/"finish_reason":"stop".*\n\ndata: \[DONE\]\n\n$/);
    const later = await chat(gateway.url, body, under(key));
    expect(await later.text()).toBe(told);
    expect([gateway.runs.length, gateway.fake.cancelled]).toEqual([1, []]);
  });

  test('is waited for no longer than it is likely to come back', async () => {
    const held = heldRun();
    const flights = { lingerMs: 0 };
    await using gateway = await gatewayThat({ says: held.says, flights });
    const key = newKey();
    await askAndLeave(gateway.url, key, held);
    expect(await gateway.fake.firstCancel).toBe('the caller left');
    held.goOn();
  });

  test('is told that nobody knows, where its run was ended after a tool had run', async () => {
    const held = heldRun([failed('run_cancelled')], toolThen());
    await using gateway = await gatewayThat({ says: held.says, flights: { lingerMs: 0 } });
    const key = newKey();
    await askAndLeave(gateway.url, key, held);
    await gateway.fake.firstCancel;
    held.goOn();
    for (const _ of [1, 2]) {
      const again = await chat(gateway.url, {}, under(key));
      expect(again.headers.get('x-should-retry')).toBe('false');
      expect([again.status, await codeOf(again)]).toEqual([409, 'run_outcome_unknown']);
    }
    expect(gateway.runs).toHaveLength(1);
  });

  test('runs anew where it was ended before a tool had run', async () => {
    const held = heldRun([failed('run_cancelled')]);
    await using gateway = await gatewayThat({ says: held.says, flights: { lingerMs: 0 } });
    const key = newKey();
    await askAndLeave(gateway.url, key, held);
    await gateway.fake.firstCancel;
    held.goOn();
    await chat(gateway.url, {}, under(key));
    expect(gateway.runs).toHaveLength(2);
  });
});

describe('a stream that was read to its end', () => {
  test('is no more when its reader asks again over the same connection: the repeat runs anew', async () => {
    await using gateway = await gatewayThat();
    const key = newKey();
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    for (const runs of [1, 2]) {
      const asked = request(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        agent,
        headers: under(key).headers,
      });
      asked.end(streamed);
      const [answer] = (await once(asked, 'response')) as [IncomingMessage];
      expect(await text(answer)).toContain('data: [DONE]');
      expect(answer.headers['idempotent-replayed']).toBeUndefined();
      expect(gateway.runs).toHaveLength(runs);
    }
  });

  test('is forgotten once its connection has outlived it', async () => {
    const dropped = Promise.withResolvers<void>();
    const drop: Store['idempotency']['drop'] = async (id, holder) => {
      await store.idempotency.drop(id, holder);
      dropped.resolve();
    };
    const flights = { readAfterMs: 0 };
    await using gateway = await gatewayThat({ flights, idempotency: { drop } });
    const key = newKey();
    const first = await chat(gateway.url, { stream: true }, under(key));
    await first.text();
    await dropped.promise;
    const again = await chat(gateway.url, { stream: true }, under(key));
    expect(again.headers.get('idempotent-replayed')).toBeNull();
    await again.text();
    expect(gateway.runs).toHaveLength(2);
  });

  test('is kept where something stands in between, which may have read what its caller did not', async () => {
    await using gateway = await gatewayThat({ flights: { readAfterMs: 0 } });
    const key = newKey();
    const forwarded = under(key, { via: '1.1 proxy' });
    const first = await (await chat(gateway.url, { stream: true }, forwarded)).text();
    const again = await chat(gateway.url, { stream: true }, forwarded);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(await again.text()).toBe(first);
    expect(gateway.runs).toHaveLength(1);
  });
});

describe('another gateway', () => {
  test('that died leaves a run of which nobody knows the end, and which is not run again', async () => {
    const held = heldRun();
    await using gone = await gatewayThat({ says: held.says });
    const key = newKey();
    const first = chat(gone.url, {}, under(key));
    await held.begun;
    await using gateway = await gatewayThat();
    for (const _ of [1, 2]) {
      const again = await chat(gateway.url, {}, under(key));
      expect([again.status, await codeOf(again)]).toEqual([409, 'run_outcome_unknown']);
    }
    expect(gateway.runs).toHaveLength(0);
    held.goOn();
    await first;
  });

  test('on the same store is waited for, and its answer given', async () => {
    const held = heldRun();
    await using one = await gatewayThat({ says: held.says, isShared: true });
    await using other = await gatewayThat({ isShared: true });
    const key = newKey();
    const first = chat(one.url, {}, under(key));
    await held.begun;
    const again = chat(other.url, {}, under(key));
    held.goOn();
    const told = await (await first).text();
    const repeated = await again;
    expect(repeated.headers.get('idempotent-replayed')).toBe('true');
    expect(await repeated.text()).toBe(told);
    expect([one.runs.length, other.runs.length]).toEqual([1, 0]);
  });

  test('on the same store does not end a run that somebody waits for here', async () => {
    const held = heldRun();
    const [looked, wanted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { find, want } = store.idempotency;
    const looking: typeof find = async (id) => {
      const found = await find(id);
      looked.resolve();
      return found;
    };
    const wanting: typeof want = async (id, untilMs) => {
      await want(id, untilMs);
      wanted.resolve();
    };
    const isShared = true;
    await using one = await gatewayThat({
      says: held.says,
      isShared,
      flights: { lingerMs: 1 },
      idempotency: { find: looking },
    });
    await using other = await gatewayThat({ isShared, idempotency: { want: wanting } });
    const key = newKey();
    const abort = new AbortController();
    const first = chat(one.url, {}, { ...under(key), signal: abort.signal });
    first.catch(() => undefined);
    await held.begun;
    const again = chat(other.url, {}, under(key));
    await wanted.promise;
    abort.abort();
    await looked.promise;
    held.goOn();
    expect(await (await again).json()).toMatchObject({ object: 'chat.completion' });
    expect([one.runs.length, other.runs.length, one.fake.cancelled]).toEqual([1, 0, []]);
  });
});

const streamed = JSON.stringify({
  model: 'default/echo',
  messages: [{ role: 'user', content: 'Hi' }],
  stream: true,
});

/** A request with these keys, as it goes over the wire. */
function raw(body: string, idempotencyKeys: readonly string[]): string {
  const lines = [
    'POST /v1/chat/completions HTTP/1.1',
    'host: x',
    `authorization: ${asCaller.authorization}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...idempotencyKeys.map((key) => `idempotency-key: ${key}`),
    'connection: close',
  ];
  return `${lines.map((line) => `${line}\r\n`).join('')}\r\n${body}`;
}
