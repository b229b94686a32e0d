import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createNameUsers } from '../../src/policy/users/name-users.ts';
import type { Store } from '../../src/protocol/store.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { startTestGateway, type TestGateway } from '../../src/testing.ts';
import { shareCompileCache } from '../support/compile-cache.ts';
import { openUpstream } from '../support/scripted-upstream.ts';
import { failureOf } from './ask.ts';
import { createProject, type Project } from './project.ts';
import { until } from './until.ts';

/** Says for whom it works; or waits until it is ended. */
const echo = `
export const __gateway__ = { sessions: true };
const run = async ({ messages, context, signal }) => {
  const said = messages.at(-1)?.content;
  if (said === 'stay') await new Promise((done) => signal.addEventListener('abort', done));
  return [context.user ?? 'nobody', ...messages.map(({ content }) => content)].join(' ');
};
export const agent = { run };
`;

const model = `
import { Agent } from '@openai/agents';
export const agent = new Agent({ name: 'Model', instructions: 'Answer.', model: 'gpt-5' });
`;

/** Under which the gateway counts what users use. */
const accounts = createNameUsers({
  settings: () => ({ headers: [], openWebUi: null }),
  accountOf: (keyId) => keyId,
  nowSeconds: () => Date.now() / 1000,
});

const secret = 'what Open WebUI and the gateway know';

let project: Project;
let upstream: Awaited<ReturnType<typeof openUpstream>>;
let gateway: TestGateway;
let ui: { readonly id: string; readonly secret: string };
let store: Store;
let other: { readonly id: string; readonly secret: string };

beforeAll(async () => {
  upstream = await openUpstream(() => ({ text: ['Yes.'] }));
  project = await createProject({
    'gateway.yaml': `
worker: { spares: 0 }
auth: { users: { headers: [x-librechat-user-id, x-who], open_webui: { jwt_secret_env: OWUI } } }
security:
  user_limits: { tokens_per_day: 9000, concurrent_runs: 2 }
  rules:
    - { id: no-eve, effect: deny, action: run_agent, principals: ["user:eve"], resources: ["*"] }
`,
    'src/agents/Echo/agent.ts': echo,
    'src/agents/Model/agent.ts': model,
  });
  shareCompileCache(project.root);
  gateway = await startTestGateway({
    projectRoot: project.root,
    env: {
      OWUI: secret,
      OPENAI_API_KEY: 'sk-real',
      OPENAI_BASE_URL: upstream.baseUrl,
      GATEWAY_UPSTREAM_API: 'responses',
    },
  });
  store = await openStore(`sqlite:${join(project.root, '.dropgate/gateway.db')}`);
  ui = await keyNamed({ forwardsUsers: true });
  other = await keyNamed({});
});

afterAll(async () => {
  await gateway?.close();
  await store?.close();
  upstream?.stop();
  await project?.remove();
});

async function keyNamed(mark: { readonly forwardsUsers?: boolean }) {
  const wanted = { role: 'caller', createdBy: 'test', ...mark } as const;
  const { record, secret } = await gateway.gateway.keys.create(wanted);
  return { id: record.id, secret };
}

type Headers = Readonly<Record<string, string>>;

/** OpenAI's own client, with a key and more headers. */
function clientOf(headers: Headers, key = ui.secret) {
  const baseURL = `${gateway.url}/v1`;
  return new OpenAI({ baseURL, apiKey: key, maxRetries: 0, defaultHeaders: { ...headers } });
}

const as = (user: string) => clientOf({ 'x-librechat-user-id': user });

async function said(client: OpenAI, more: object = {}) {
  const messages = [{ role: 'user' as const, content: 'Hi' }];
  const asked = client.chat.completions.create({ model: 'echo', messages, ...more });
  const { data, response } = await asked.withResponse();
  const ignored = response.headers.get('x-agent-ignored');
  return { text: data.choices[0]?.message.content, ignored };
}

async function admin<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const headers = { authorization: `Bearer ${gateway.key}` };
  const answered = await fetch(`${gateway.url}${path}`, { ...init, headers });
  return (await answered.json()) as Answer;
}

function signedFor(sub: string, by = secret) {
  return new SignJWT({ sub, iss: 'open-webui', email: 'ann@example.com' })
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setExpirationTime('5m')
    .sign(Buffer.from(by));
}

describe('who a user is', () => {
  test('is told by a key that forwards its users: signed, in a header, in the body', async () => {
    expect(await said(as('ann'))).toEqual({ text: 'ann Hi', ignored: null });
    const jwt = await signedFor('u-1');
    expect((await said(clientOf({ 'x-openwebui-user-jwt': jwt }))).text).toBe('u-1 Hi');
    expect((await said(clientOf({}), { user: 'u' })).text).toBe('u Hi');
    const both = { user: 'u', safety_identifier: 's' };
    expect((await said(clientOf({}), both)).text).toBe('s Hi');
    expect((await said(as('ann'), both)).text).toBe('ann Hi');
    expect((await said(clientOf({}))).text).toBe('nobody Hi');
  });

  test('is no matter of any other key: its headers are not heard, and its `user` is its own word', async () => {
    const jwt = await signedFor('u-1', 'forged');
    const forged = { 'x-librechat-user-id': 'ann', 'x-openwebui-user-jwt': jwt };
    const heard = await said(clientOf(forged, other.secret), { user: 'ann' });
    expect(heard.text).toBe('ann Hi');
    expect(heard.ignored).toBe('x-openwebui-user-jwt, x-librechat-user-id');
    expect((await said(clientOf({}, other.secret), { user: 'eve' })).text).toBe('eve Hi');
  });

  test.each([
    [{ 'x-librechat-user-id': 'a'.repeat(10_000) }, 400, 'x-librechat-user-id'],
    [{ 'x-librechat-user-id': 'ann', 'x-who': 'bob' }, 400, 'x-who'],
    [{ 'x-openwebui-user-jwt': 'a.b.c' }, 401, 'x-openwebui-user-jwt'],
  ])('has to be told in one clear way: %#', async (headers, status, param) => {
    expect(await failureOf(said(clientOf(headers)))).toMatchObject({ status, param });
    expect(await failureOf(clientOf(headers).models.list())).toMatchObject({ status });
  });

  test('is not believed where Open WebUI signs it wrongly, or not at all', async () => {
    const jwt = await signedFor('u-1', 'another secret');
    const wrong = await failureOf(said(clientOf({ 'x-openwebui-user-jwt': jwt })));
    expect(wrong).toMatchObject({ status: 401, code: 'invalid_token' });
    const unsigned = await said(clientOf({ 'x-openwebui-user-id': 'ann' }));
    expect(unsigned).toEqual({ text: 'nobody Hi', ignored: 'x-openwebui-user-id' });
    const body = await failureOf(said(clientOf({}), { user: 'a\u0000b' }));
    expect(body).toMatchObject({ status: 400, param: 'user' });
    const counting = { body: { model: 'model', input: 'Hi', user: 'a\u0000b' } };
    const counted = await failureOf(clientOf({}).post('/responses/input_tokens', counting));
    expect(counted).toMatchObject({ status: 400, param: 'user' });
  });
});

describe('two users of one key', () => {
  const gone = { status: 404 };

  test('do not reach each other’s responses', async () => {
    const [ann, bob] = [as('ann'), as('bob')];
    const { id } = await ann.responses.create({ model: 'echo', input: 'Mine' });
    expect(await ann.responses.retrieve(id)).toMatchObject({ id });
    const follows = { model: 'echo', input: 'And?', previous_response_id: id };
    for (const stranger of [bob, clientOf({})]) {
      for (const ask of [
        () => stranger.responses.retrieve(id),
        () => stranger.responses.create(follows),
        () => stranger.responses.cancel(id),
        () => stranger.responses.delete(id),
        () => stranger.responses.inputItems.list(id),
      ]) {
        expect(await failureOf(ask())).toMatchObject(gone);
      }
    }
    expect((await ann.responses.create(follows)).output_text).toContain('Mine');
  });

  test('do not reach each other’s runs in the background', async () => {
    const [ann, bob] = [as('ann'), as('bob')];
    const asked = { model: 'echo', input: 'stay', background: true } as const;
    const { id } = await ann.responses.create(asked);
    expect(await failureOf(bob.responses.retrieve(id))).toMatchObject(gone);
    expect(await failureOf(bob.responses.cancel(id))).toMatchObject(gone);
    expect(await ann.responses.cancel(id)).toMatchObject({ status: 'cancelled' });
  });

  test('do not reach each other’s conversations', async () => {
    const [ann, bob] = [as('ann'), as('bob')];
    const { id } = await ann.conversations.create({});
    await ann.responses.create({ model: 'echo', input: 'Mine', conversation: id });
    const taken = { model: 'echo', input: 'And?', conversation: id };
    for (const ask of [
      () => bob.conversations.retrieve(id),
      () => bob.conversations.items.list(id),
      () => bob.conversations.update(id, { metadata: { a: 'b' } }),
      () => bob.responses.create(taken),
      () => bob.conversations.delete(id),
    ]) {
      expect(await failureOf(ask())).toMatchObject(gone);
    }
    expect((await ann.responses.create(taken)).output_text).toContain('Mine');
  });

  test('have sessions of their own under one name', async () => {
    const session = (user: string) =>
      clientOf({ 'x-librechat-user-id': user, 'x-session-id': 'chat-1' });
    expect((await said(session('ann'))).text).toBe('ann Hi');
    expect((await said(session('ann'))).text).toBe('ann Hi ann Hi Hi');
    expect((await said(session('bob'))).text).toBe('bob Hi');
  });
});

describe('rules and limits of a user', () => {
  test('hold for the user whom a key names, and are told in decisions and runs', async () => {
    const denied = await failureOf(said(as('eve')));
    expect(denied).toMatchObject({ status: 404 });
    await said(as('eva'));
    type Decisions = { decisions: { user: string; effect: string; rule_id: string }[] };
    await until('the decision to be kept', async () => {
      const { decisions } = await admin<Decisions>('/security/decisions?user=eve');
      return decisions[0];
    });
    const { decisions } = await admin<Decisions>('/security/decisions?user=eve');
    expect(decisions).toMatchObject([{ user: 'eve', effect: 'deny', rule_id: 'no-eve' }]);
    type Runs = { runs: { user: string; key_id: string }[] };
    const { runs } = await admin<Runs>('/admin/runs?user=eva');
    expect(runs).toMatchObject([{ user: 'eva', key_id: ui.id }]);
    // Only the other key’s own word says so.
    const others = (await admin<Runs>('/admin/runs?user=eve')).runs;
    expect(others.map(({ key_id }) => key_id)).toEqual([other.id]);
  });

  test('are asked for by a preview', async () => {
    const headers = { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' };
    const preview = async (body: object) => {
      const question = { action: 'run_agent', resource: 'default/echo', ...body };
      const asked = { method: 'POST', headers, body: JSON.stringify(question) };
      const answered = await fetch(`${gateway.url}/security/preview`, asked);
      return (await answered.json()) as object;
    };
    expect(await preview({ key_id: ui.id, user: 'eve' })).toMatchObject({ decision: 'deny' });
    expect(await preview({ key_id: ui.id, user: 'ann' })).toMatchObject({ decision: 'allow' });
    expect(await preview({ principal: 'role:caller', user: 'eve' })).toMatchObject({
      decision: 'deny',
    });
    expect(await preview({ key_id: other.id, user: 'eve' })).toMatchObject({
      error: { param: 'user', message: expect.stringContaining('forwards no users') },
    });
  });

  test('are counted for each of them apart', async () => {
    const account = accounts.known(ui.id, 'poor')?.account ?? '';
    const nowSeconds = Date.now() / 1000;
    await store.spending.settle({ id: 'before', keyId: account, tokens: 9000, nowSeconds });
    const poor = await failureOf(said(as('poor'), { model: 'model' }));
    expect(poor).toMatchObject({ status: 429, code: 'insufficient_quota' });
    expect(String(poor)).toContain('The tokens of this user for the day are used up.');
    expect((await said(as('rich'), { model: 'model' })).text).toBe('Yes.');
    const used = accounts.known(ui.id, 'rich')?.account ?? '';
    await until('the call to be booked', async () => {
      const { day, reserved } = await store.spending.spent(used, Date.now() / 1000);
      return day === 15 && reserved === 0;
    });
  });

  test('leave each of them so many runs at once', async () => {
    const stay = { model: 'echo', input: 'stay', background: true } as const;
    const going = [
      await as('busy').responses.create(stay),
      await as('busy').responses.create(stay),
    ];
    for (const ask of [() => said(as('busy')), () => said(clientOf({}), { user: 'busy' })]) {
      const refused = await failureOf(ask());
      expect(refused).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
      expect(String(refused)).toContain('This user may have 2 runs at once.');
    }
    expect((await said(as('calm'))).text).toBe('calm Hi');
    for (const { id } of going) await as('busy').responses.cancel(id);
  });
});

describe('what is kept of a user', () => {
  type Data = { running: number; counts: Record<string, number> };

  test('is counted and deleted, and the runs that go on are told', async () => {
    const leaver = as('leaver');
    const { id } = await leaver.responses.create({ model: 'echo', input: 'Zebra-4711' });
    const conversation = (await leaver.conversations.create({})).id;
    await leaver.responses.create({ model: 'echo', input: 'Zebra-4711', conversation });
    await said(clientOf({ 'x-librechat-user-id': 'leaver', 'x-session-id': 's' }));
    const stay = { model: 'echo', input: 'stay', background: true } as const;
    const going = await leaver.responses.create(stay);
    const stayer = await as('stayer').responses.create({ model: 'echo', input: 'Mine' });
    const path = `/admin/data?user=leaver&key=${ui.id}`;
    const kept = await admin<Data>(path);
    expect(kept).toEqual({
      user: 'leaver',
      key_id: ui.id,
      running: 1,
      counts: {
        conversations: 2,
        responses: 4,
        waiting_runs: 0,
        idempotent_requests: 0,
        runs: 4,
        usage: 1,
        decisions: expect.any(Number),
      },
    });
    expect(filesOf(project).includes('Zebra-4711')).toBe(true);
    const deleted = await admin<Data>(path, { method: 'DELETE' });
    expect(deleted).toMatchObject({ running: 1, counts: { responses: 4, conversations: 2 } });
    for (const response of [id, going.id]) {
      expect(await failureOf(leaver.responses.retrieve(response))).toMatchObject({ status: 404 });
    }
    expect(Object.values((await admin<Data>(path)).counts)).toEqual(
      Object.keys(kept.counts).map(() => 0),
    );
    expect(filesOf(project).includes('Zebra-4711')).toBe(false);
    expect(await as('stayer').responses.retrieve(stayer.id)).toMatchObject({ id: stayer.id });
    type Decisions = { decisions: { action: string; resource: string; effect: string }[] };
    const { decisions } = await admin<Decisions>('/security/decisions?action=administer');
    expect(decisions).toContainEqual(
      expect.objectContaining({ resource: '/admin/data/delete', effect: 'allow' }),
    );
  });

  test('is for admins, and of somebody', async () => {
    const asked = await failureOf(as('ann').get('/../admin/data?user=bob'));
    expect(asked).toMatchObject({ status: 403 });
    expect(await admin('/admin/data')).toMatchObject({ error: { param: 'user' } });
    expect(await admin('/admin/data?key=nobody')).toMatchObject({ error: { param: 'key' } });
    expect(await admin('/admin/data?user=%00')).toMatchObject({ error: { param: 'user' } });
  });
});

/** The bytes of the store, with what is not yet in its file. */
function filesOf({ root }: Project): Buffer {
  const path = join(root, '.dropgate/gateway.db');
  return Buffer.concat([path, `${path}-wal`].map((each) => readFileSync(each)));
}
