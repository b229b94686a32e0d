import { once } from 'node:events';
import { globSync, readFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestGateway, type TestGateway } from '../../src/testing.ts';
import { shareCompileCache } from '../support/compile-cache.ts';
import { packageRoot } from './harness.ts';
import { createProject, type Project } from './project.ts';
import { createRawClient } from './raw-http.ts';

/** Calls its model as a client of its own would, and says what it was given to do that. */
const agent = `export const agent = {
  async run({ messages, context }) {
    const { OPENAI_BASE_URL: url, OPENAI_API_KEY: token, MINE_KEY: mine } = process.env;
    if (messages.at(-1).content === 'tell') return JSON.stringify({ url, token, mine, context });
    const response = await fetch(url + '/chat/completions', {
      method: 'POST',
      headers: { authorization: 'Bearer ' + token, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', messages }),
      redirect: 'manual',
    });
    return String(response.status);
  },
};
`;

let project: Project;
let gateway: TestGateway;
let upstream: Recorder;
let attacker: Recorder;
let callerKey = '';

beforeAll(async () => {
  attacker = await record(() => ({ status: 200 }));
  upstream = await record((body) =>
    body.includes('redirect') ? { status: 307, location: attacker.url } : { status: 200 },
  );
  project = await createProject({
    'gateway.yaml': `worker: { spares: 0, env: [MINE_KEY] }
upstreams: { mine: { base_url: "${upstream.url}/v1", api_key_env: MINE_KEY, api: chat_completions } }`,
    'src/agents/Teller/agent.mjs': agent,
  });
  shareCompileCache(project.root);
  gateway = await startTestGateway({
    projectRoot: project.root,
    env: { MINE_KEY: 'the-real-upstream-key' },
  });
  const made = await gateway.gateway.keys.create({ role: 'caller', createdBy: 'test' });
  callerKey = made.secret;
});
afterAll(async () => {
  await gateway?.close();
  upstream?.stop();
  attacker?.stop();
  await project?.remove();
});
beforeEach(() => {
  upstream.requests.length = 0;
  attacker.requests.length = 0;
});

describe('who calls', () => {
  test.each([
    '',
    'Bearer',
    'Bearer ',
    'Bearer null',
    'Bearer undefined',
    'Bearer 0',
    'Bearer *',
    'Bearer dg_',
    'Bearer %00',
    'Basic ZGdfOmRnXw==',
    "Bearer ' OR '1'='1",
    "Bearer dg_'--",
    "Bearer dg_x' UNION SELECT * FROM keys --",
    'Bearer {"$ne":null}',
    'Bearer [object Object]',
    `Bearer ${'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'}`,
  ])('is nobody with %j', async (authorization) => {
    for (const path of ['/v1/models', '/admin/agents', '/metrics']) {
      const response = await fetch(`${gateway.url}${path}`, { headers: { authorization } });
      expect([path, response.status]).toEqual([path, 401]);
    }
  });

  test('is nobody with two credentials, whichever comes first', async () => {
    const client = createRawClient(gateway.url);
    const stranger = `dg_${'A'.repeat(43)}`;
    const pairs = [
      [callerKey, gateway.key],
      [gateway.key, callerKey],
      [stranger, gateway.key],
      [gateway.key, gateway.key],
    ];
    for (const pair of pairs) {
      const both = pair.map((key) => `authorization: Bearer ${key}\r\n`).join('');
      const answer = await client.send(`GET /v1/models HTTP/1.1\r\nhost: gateway\r\n${both}\r\n`);
      expect(answer).toMatchObject({
        status: 400,
        body: expect.stringContaining('The request has two Authorization headers. Send one.'),
      });
    }
    client.close();
  });

  test('is never a worker: its token is for the broker alone, and no key is for the broker', async () => {
    const { url, token, mine } = JSON.parse(await content('tell'));
    expect(mine).toBeUndefined();
    for (const secret of [token, 'the-real-upstream-key']) {
      expect((await get('/v1/models', secret)).status).toBe(401);
    }
    for (const key of [callerKey, gateway.key, 'the-real-upstream-key', '']) {
      const refused = await fetch(`${url}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: '{"model":"m","messages":[]}',
      });
      expect(refused.status).toBe(401);
    }
    expect(token).not.toContain('the-real-upstream-key');
    expect(upstream.requests).toEqual([]);
  });

  test('is not what the body says, nor what the agent is told of it', async () => {
    const { context } = JSON.parse(
      await content('tell', {
        user: 'admin',
        metadata: { key_id: 'key_root', role: 'admin' },
        key: { id: 'key_root' },
        key_id: 'key_root',
        role: 'admin',
        context: { role: 'admin' },
      }),
    );
    expect(context).toMatchObject({ user: 'admin', metadata: { role: 'admin' } });
    expect(context.key.id).toMatch(/^key_/);
    expect(context.key.id).not.toBe('key_root');
  });
});

describe('where models are called', () => {
  test.each<[string, object, Record<string, string>]>([
    [
      'a base URL in the body',
      { base_url: 'ATTACKER', api_base: 'ATTACKER', upstream: 'ATTACKER' },
      {},
    ],
    [
      'a nested one',
      {
        metadata: { base_url: 'ATTACKER' },
        extra_body: { base_url: 'ATTACKER' },
        tools: undefined,
      },
      {},
    ],
    [
      'headers',
      {},
      {
        'x-base-url': 'ATTACKER',
        'openai-base-url': 'ATTACKER',
        'x-upstream': 'ATTACKER',
        'x-forwarded-host': 'ATTACKER',
        'openai-organization': 'ATTACKER',
      },
    ],
  ])('is not changed by %s', async (_what, body, headers) => {
    const fill = <Value>(value: Value): Value =>
      JSON.parse(JSON.stringify(value).replaceAll('ATTACKER', attacker.url));
    expect(await content('ask', fill(body), fill(headers))).toBe('200');
    expect(attacker.requests).toEqual([]);
    expect(upstream.requests.map(({ path }) => path)).toEqual(['/v1/chat/completions']);
    expect(JSON.stringify(upstream.requests)).not.toContain(new URL(attacker.url).port);
  });

  test('is not changed by a redirect: it goes back unfollowed, and the key stays here', async () => {
    await content('redirect');
    expect(attacker.requests).toEqual([]);
  });
});

describe('what is made of a request', () => {
  test('is a run each time, whatever ids it brings: none is taken for a repeat', async () => {
    const headers = { 'x-request-id': 'same', 'x-client-request-id': 'same' };
    const ids = [];
    for (const _time of [1, 2]) {
      const response = await chat({ model: 'default/teller', messages: say('ask') }, headers);
      ids.push((await jsonOf<{ id: string }>(response)).id);
    }
    expect(new Set(ids).size).toBe(2);
    expect(ids).not.toContain('same');
    expect(upstream.requests).toHaveLength(2);
  });

  test('is one request: a batch of them is none', async () => {
    const one = { model: 'default/teller', messages: say('ask') };
    for (const body of [[one, one], { requests: [one, one] }, { 0: one, 1: one, length: 2 }]) {
      expect((await chat(body)).status).toBe(400);
    }
    expect(upstream.requests).toEqual([]);
  });

  test('is kept by nobody on the way: answers are never to be cached', async () => {
    const response = await get('/v1/models', callerKey);
    expect(response.headers.get('cache-control')).toBe('no-store');
  });
});

describe('a key that an admin makes', () => {
  test.each<[string, object]>([
    ['its own id', { id: 'key_mine' }],
    ['its own hash', { hash: 'e3b0c442' }],
    ['its own secret', { key: `dg_${'A'.repeat(43)}` }],
    ['another maker', { created_by: 'cli:root' }],
    ['a role of another spelling', { role: 'Admin' }],
    ['several roles', { role: ['caller', 'admin'] }],
    ['a role from elsewhere', { role: undefined, '__proto__.role': 'admin', constructor: {} }],
  ])('cannot be given %s', async (_what, fields) => {
    const response = await post('/security/keys', gateway.key, { role: 'caller', ...fields });
    expect(response.status).toBe(400);
  });

  test('is called what it was called: templates and markup are only text', async () => {
    const names = ['{{7*7}}', '<%= 7*7 %>', '#{7*7}'];
    for (const name of names) {
      const response = await post('/security/override', gateway.key, {
        principal: 'nobody',
        action: 'run_agent',
        resource: 'labs/x',
        effect: 'deny',
        ttl_seconds: 1,
        reason: name,
      });
      expect((await jsonOf<{ reason: string }>(response)).reason).toBe(name);
    }
  });
});

test('the repository holds no key', () => {
  const root = join(packageRoot, '../..');
  const files = globSync('**/*.{ts,mts,js,mjs,cjs,json,py,yaml,yml,md,sh}', {
    cwd: root,
    exclude: ['**/node_modules', '**/dist', '**/.*'],
  });
  expect(files.length).toBeGreaterThan(100);
  const withKey = files.filter((file) => {
    const text = readFileSync(join(root, file), 'utf8');
    return /\bdg_[A-Za-z0-9_-]{43}\b|\bsk-[A-Za-z0-9]{32,}/.test(text);
  });
  expect(withKey).toEqual([]);
});

type Recorder = {
  readonly url: string;
  readonly requests: { path: string; headers: http.IncomingHttpHeaders; body: string }[];
  stop(): void;
};

async function record(
  answer: (body: string) => { readonly status: number; readonly location?: string },
): Promise<Recorder> {
  const requests: Recorder['requests'] = [];
  const server = http.createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString();
    requests.push({ path: request.url ?? '', headers: request.headers, body });
    const { status, location } = answer(body);
    response.writeHead(status, {
      'content-type': 'application/json',
      ...(location ? { location } : {}),
    });
    response.end('{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1}}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, requests, stop: () => void server.close() };
}

function say(text: string) {
  return [{ role: 'user', content: text }];
}

/** What the agent answers. */
async function content(text: string, more: object = {}, headers: Record<string, string> = {}) {
  const response = await chat({ model: 'default/teller', messages: say(text), ...more }, headers);
  expect(response.status).toBe(200);
  const answer = await jsonOf<{ choices: [{ message: { content: string } }] }>(response);
  return answer.choices[0].message.content;
}

async function jsonOf<Shape>(response: Response): Promise<Shape> {
  return (await response.json()) as Shape;
}

function chat(body: object, headers: Record<string, string> = {}): Promise<Response> {
  return post('/v1/chat/completions', callerKey, body, headers);
}

function post(path: string, key: string, body: object, headers: Record<string, string> = {}) {
  return fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
}

function get(path: string, key: string): Promise<Response> {
  return fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${key}` } });
}
