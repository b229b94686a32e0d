import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { NewKey } from '../../src/policy/keys/new-key.ts';
import type { Store } from '../../src/protocol/store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { startTestGateway, type TestGateway } from '../../src/testing.ts';
import { shareCompileCache } from '../support/compile-cache.ts';
import { openUpstream, type Turn } from '../support/scripted-upstream.ts';
import { createProject, type Project } from './project.ts';
import { until } from './until.ts';

/** Waits for a file whatever becomes of its run, and calls its model from a timer, which has no run. */
const stubborn = `
import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
const jobs: (() => void)[] = [];
const folder = import.meta.dirname;
setInterval(() => {
  if (!existsSync(folder + '/ended')) return;
  for (const done of jobs.splice(0)) done();
}, 20);
const call = async () => {
  const { OPENAI_BASE_URL, OPENAI_API_KEY } = process.env;
  const response = await fetch(OPENAI_BASE_URL + '/responses', {
    method: 'POST',
    headers: { authorization: 'Bearer ' + OPENAI_API_KEY, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'm', input: 'x' }),
  });
  writeFileSync(folder + '/writing', response.status + ' ' + (await response.text()));
  renameSync(folder + '/writing', folder + '/told');
};
const run = async ({ messages }: { messages: { content: string }[] }) => {
  const said = messages.at(-1)?.content;
  if (said === 'stay') while (!existsSync(folder + '/gate')) await sleep(20);
  if (said === 'later') jobs.push(call);
  return said;
};
export const agent = { run };
`;

/** More than any call of these tests is estimated at, and less than two. */
const oneCall = 4700;
/** What the upstream counts for a call. */
const costOfCall = 15;

let project: Project;
let upstream: Awaited<ReturnType<typeof openUpstream>>;
let gateway: TestGateway;
let store: Store;
let answer: Turn = { text: ['Sun', 'ny.'] };

beforeAll(async () => {
  upstream = await openUpstream(() => answer);
  project = await createProject({
    'gateway.yaml': 'worker: { spares: 0 }\nsecurity: { limits: { requests_per_minute: 1000 } }\n',
    'src/agents/Stubborn/agent.ts': stubborn,
  });
  shareCompileCache(project.root);
  const fixtures = join(import.meta.dirname, '../fixtures/agents');
  await cp(join(fixtures, 'Weather'), join(project.root, 'src/agents/Weather'), {
    recursive: true,
  });
  gateway = await startTestGateway({
    projectRoot: project.root,
    env: {
      OPENAI_API_KEY: 'sk-real',
      OPENAI_BASE_URL: upstream.baseUrl,
      GATEWAY_UPSTREAM_API: 'responses',
    },
  });
  // As another gateway would see it.
  store = await openStore(`sqlite:${join(project.root, '.dropgate/gateway.db')}`);
});

afterAll(async () => {
  await gateway?.close();
  await store?.close();
  upstream?.stop();
  await project?.remove();
});

async function keyWith(limits: NonNullable<NewKey['limits']>) {
  const made = await gateway.gateway.keys.create({ role: 'caller', createdBy: 'test', limits });
  const { id } = made.record;
  return {
    id,
    ask: (options: Asked = {}) => ask(made.secret, options),
    spent: () => store.spending.spent(id, Date.now() / 1000),
  };
}

async function adminRuns() {
  const { secret } = await gateway.gateway.keys.create({ role: 'admin', createdBy: 'test' });
  const headers = { authorization: `Bearer ${secret}` };
  const answered = await fetch(`${gateway.url}/admin/runs`, { headers });
  return (await answered.json()) as { runs: { key_id: string; outcome: string }[] };
}

type Asked = { stream?: boolean; signal?: AbortSignal; model?: string; content?: string };

function ask(
  secret: string,
  { stream = false, signal, model = 'weather', content = 'Weather?' }: Asked,
) {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      stream,
      messages: [{ role: 'user', content }],
    }),
    ...(signal ? { signal } : {}),
  });
}

function upstreamAnswers(turn: Turn): void {
  const before = answer;
  answer = turn;
  onTestFinished(() => {
    answer = before;
  });
}

describe('a budget of tokens', () => {
  test('books what each run used, whole or streamed, and nothing where the upstream failed', async () => {
    const { ask, spent } = await keyWith({ tokensPerDay: oneCall, tokensPerMonth: 100_000 });
    for (const stream of [false, true]) {
      const response = await ask({ stream });
      expect([response.status, await response.text()]).toEqual([
        200,
        expect.stringContaining('ny.'),
      ]);
    }
    await until('both calls to be booked', async () => (await spent()).day === 2 * costOfCall);
    upstreamAnswers({ answer: { status: 400, body: '{"error":{"message":"no"}}' } });
    expect((await ask()).status).toBe(502);
    await until('nothing to be set aside', async () => (await spent()).reserved === 0);
    expect(await spent()).toEqual({ day: 30, month: 30, reserved: 0 });
  });

  test('that cannot pay for a call ends the run with insufficient_quota, whole and streamed', async () => {
    const { ask, spent } = await keyWith({ tokensPerDay: 100 });
    const calls = upstream.calls.length;
    const whole = await ask();
    expect([whole.status, whole.headers.get('x-should-retry')]).toEqual([429, 'false']);
    const { error } = (await whole.json()) as { error: object };
    expect(error).toEqual({
      message: expect.stringMatching(
        /^A model call of this run may take \d+ tokens, and fewer are left of the 100 .+ begins at /,
      ),
      type: 'insufficient_quota',
      param: null,
      code: 'insufficient_quota',
    });
    const streamed = await ask({ stream: true });
    const lines = (await streamed.text()).trimEnd().split('\n\n');
    expect(JSON.parse(lines.at(-2)?.slice(6) ?? '')).toEqual({ error });
    expect(lines.at(-1)).toBe('data: [DONE]');
    expect(upstream.calls.length).toBe(calls);
    expect(await spent()).toEqual({ day: 0, month: 0, reserved: 0 });
  });

  test('that is used up, wherever that was, refuses a stream before it begins', async () => {
    const { id, ask } = await keyWith({ tokensPerMonth: oneCall });
    const nowSeconds = Date.now() / 1000;
    await store.spending.settle({ id: 'elsewhere', keyId: id, tokens: oneCall, nowSeconds });
    const response = await ask({ stream: true });
    expect([response.status, response.headers.get('x-should-retry')]).toEqual([429, 'false']);
    expect(await response.json()).toMatchObject({ error: { code: 'insufficient_quota' } });
  });

  test('gets back what a run that was left had set aside, but for what came until then', async () => {
    upstreamAnswers({ text: ['Sun'], ending: 'hang' });
    const { ask, spent } = await keyWith({ tokensPerDay: oneCall, concurrentRuns: 1 });
    const left = new AbortController();
    const stream = await ask({ stream: true, signal: left.signal });
    await until('tokens to be set aside', async () => (await spent()).reserved > 0);
    expect((await ask()).status).toBe(429);
    left.abort();
    await stream.text().catch(() => {});
    await until('the call to be booked', async () => (await spent()).reserved === 0);
    const { day } = await spent();
    expect(day).toBeGreaterThan(0);
    expect(day).toBeLessThan(1000);
    answer = { text: ['Sunny.'] };
    await until('the slot to be free', async () => (await ask()).status === 200);
  });
});

describe('runs at once', () => {
  test('are as many as the key may have, and one that ends makes room', async () => {
    upstreamAnswers({ text: ['Sun'], ending: 'hang' });
    const { ask } = await keyWith({ concurrentRuns: 2 });
    const left = new AbortController();
    const first = await ask({ stream: true, signal: left.signal });
    const second = await ask({ stream: true, signal: left.signal });
    expect([first.status, second.status]).toEqual([200, 200]);
    const third = await ask();
    expect(Object.fromEntries(third.headers)).toMatchObject({
      'retry-after': '1',
      'x-ratelimit-limit-requests': '1000',
      'x-ratelimit-remaining-requests': '997',
    });
    expect(await third.json()).toMatchObject({
      error: { code: 'rate_limit_exceeded', message: expect.stringContaining('2 runs at once') },
    });
    left.abort();
    await Promise.allSettled([first.text(), second.text()]);
    answer = { text: ['Sunny.'] };
    const answered = await until('room for a run', async () => {
      const response = await ask();
      return response.status === 200 && response.text();
    });
    expect(answered).toContain('Sunny.');
  });
});

test('a run that was left and goes on keeps its place until it is over', async () => {
  const { id, ask } = await keyWith({ concurrentRuns: 1 });
  const left = new AbortController();
  const first = ask({ model: 'stubborn', content: 'stay', signal: left.signal });
  await until('the run to hold its place', async () => (await ask()).status === 429);
  left.abort();
  await first.catch(() => {});
  await until('the run to be over for its caller', async () => {
    const { runs } = await adminRuns();
    return runs.some(({ key_id, outcome }) => key_id === id && outcome === 'cancelled');
  });
  expect((await ask()).status).toBe(429);
  await project.write({ 'src/agents/Stubborn/gate': '' });
  await until('the place to be free', async () => (await ask()).status === 200);
});

test('a timer of a module calls no model once a key with a budget had a run', async () => {
  const { ask, spent } = await keyWith({ tokensPerDay: oneCall });
  const calls = upstream.calls.length;
  await ask({ model: 'stubborn', content: 'later' });
  await project.write({ 'src/agents/Stubborn/ended': '' });
  const told = await until('the call to be answered', () =>
    readFile(join(project.root, 'src/agents/Stubborn/told'), 'utf8').catch(() => null),
  );
  expect(told).toMatch(/^403/);
  expect(told).toContain('security.calls_outside_runs');
  expect([upstream.calls.length, (await spent()).day]).toEqual([calls, 0]);
});

test('a run ends when its key is revoked, and so does its model call', async () => {
  upstreamAnswers({ text: ['Sun'], ending: 'hang' });
  const { id, ask } = await keyWith({ tokensPerDay: oneCall });
  const calls = upstream.calls.length;
  const stream = await ask({ stream: true });
  const call = await until('the model to be called', () => upstream.calls[calls]);
  await gateway.gateway.keys.revoke(id);
  const lines = (await stream.text()).trimEnd().split('\n\n');
  expect(JSON.parse(lines.at(-2)?.slice(6) ?? '').error).toMatchObject({
    code: 'invalid_api_key',
    message: 'The API key was revoked, which ended this run.',
  });
  expect(lines.at(-1)).toBe('data: [DONE]');
  await call.aborted;
});

test('a key without limits of its own has those of the settings', async () => {
  const { ask } = await keyWith({});
  expect((await ask()).headers.get('x-ratelimit-limit-requests')).toBe('1000');
  expect((await ask()).headers.get('x-ratelimit-remaining-requests')).toBe('998');
});
