import { describe, expect, test } from 'vitest';
import { asAdmin, asCaller, fakeGateway, secrets } from '../../test/support/http-fakes.ts';
import { GatewayError } from '../errors.ts';
import { createApp } from './app.ts';
import { routes } from './routes.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

describe('access', () => {
  const urls = [...new Set(routes.map((route) => route.url))];
  const cases = [...urls, '/nowhere', '/v1/responses'].flatMap((url) =>
    methods.map((method) => ({
      method,
      url: url.replace('*', 'default/echo').replace(':id', 'key_a1').replace(':item', 'msg_a1'),
    })),
  );
  const open = ['/healthz', '/readyz', '/docs'].flatMap((url) => [`GET ${url}`, `HEAD ${url}`]);

  // One for all: making an app costs more than a refusal.
  const gateway = fakeGateway();
  const app = createApp(gateway);

  test.each(cases)('$method $url does nothing without a key', async ({ method, url }) => {
    const response = await app.inject({ method, url });
    const isOpen = ['/healthz', '/readyz', '/docs'].includes(url);
    if (open.includes(`${method} ${url}`)) expect(response.statusCode).toBe(200);
    // Off here: what it lets in is told in console.test.ts.
    else if (url.startsWith('/console')) {
      expect([204, 400, 401, 404, 405]).toContain(response.statusCode);
    } else if (isOpen) expect([204, 405]).toContain(response.statusCode);
    else expect(response.statusCode).toBe(401);
    expect(gateway.inputs).toEqual([]);
  });

  test.each([
    ['an unknown key', 'Bearer dg_wrong', 'invalid_api_key'],
    ['no key', undefined, 'missing_api_key'],
    ['an empty key', 'Bearer ', 'missing_api_key'],
    ['an empty header', '', 'missing_api_key'],
    ['another scheme', `Basic ${secrets.admin}`, 'invalid_api_key'],
    ['a key without scheme', secrets.admin, 'invalid_api_key'],
    ['two keys', `Bearer ${secrets.admin} ${secrets.caller}`, 'invalid_api_key'],
    ['an endless key', `Bearer ${'x'.repeat(4000)}`, 'invalid_api_key'],
  ])('refuses %s with 401', async (_title, authorization, code) => {
    const response = await createApp(fakeGateway()).inject({
      url: '/v1/models',
      headers: authorization === undefined ? {} : { authorization },
    });
    expect(response.statusCode).toBe(401);
    expect(response.headers['www-authenticate']).toBe('Bearer');
    expect(response.json().error).toMatchObject({
      type: 'invalid_request_error',
      code,
      param: null,
    });
  });

  test('takes the scheme in any case', async () => {
    const headers = { authorization: `bEaReR  ${secrets.caller}` };
    const response = await createApp(fakeGateway()).inject({ url: '/v1/models', headers });
    expect(response.statusCode).toBe(200);
  });

  test('waits for who is known by a token, and refuses as that says', async () => {
    const holder = { keyId: 'oidc:corp:a', keyName: 'a', role: 'caller' } as const;
    const app = createApp(
      fakeGateway({
        authenticate: async (secret) => {
          if (secret === 'a.b.c') return { ...holder, namespaces: null, agents: null };
          throw new GatewayError('token_invalid', 'The token has expired. Get a new one.');
        },
      }),
    );
    const ask = (token: string) =>
      app.inject({ url: '/v1/models', headers: { authorization: `Bearer ${token}` } });
    expect((await ask('a.b.c')).statusCode).toBe(200);
    const refused = await ask('a.b.d');
    expect(refused.statusCode).toBe(401);
    expect(refused.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(refused.json().error).toMatchObject({ code: 'invalid_token', param: null });
    const denied = await app.inject({
      url: '/admin/agents',
      headers: { authorization: 'Bearer a.b.c' },
    });
    expect(denied.statusCode).toBe(403);
  });

  test('answers 500, and no request, when keys cannot be looked up', async () => {
    const gateway = fakeGateway({
      authenticate: () => {
        throw new Error('database is locked');
      },
    });
    const response = await createApp(gateway).inject({ url: '/v1/models', headers: asCaller });
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('locked');
    expect(gateway.events).toContainEqual(
      expect.objectContaining({ type: 'request_failed', code: 'gateway_failed' }),
    );
  });

  test('keeps callers out of administration and scrapers out of everything but metrics', async () => {
    const app = createApp(fakeGateway());
    const status = async (role: keyof typeof secrets, url: string) =>
      (await app.inject({ url, headers: { authorization: `Bearer ${secrets[role]}` } })).statusCode;
    expect(await status('caller', '/admin/agents')).toBe(403);
    expect(await status('operator', '/admin/agents')).toBe(403);
    expect(await status('metrics', '/admin/agents')).toBe(403);
    expect(await status('metrics', '/v1/models')).toBe(403);
    expect(await status('admin', '/admin/agents')).toBe(200);
    expect(await status('admin', '/v1/models')).toBe(200);
  });

  test('asks about the canonical path of an administered route, for its alias too', async () => {
    const asked: string[] = [];
    const gateway = fakeGateway({
      mayAdminister: (_caller, resource) => {
        asked.push(resource);
        return true;
      },
    });
    const app = createApp(gateway);
    await app.inject({ method: 'POST', url: '/agents/refresh', headers: asAdmin });
    await app.inject({ method: 'POST', url: '/admin/agents/refresh', headers: asAdmin });
    await app.inject({ url: '/admin/upstreams?x=1', headers: asAdmin });
    expect(asked).toEqual(['/agents/refresh', '/agents/refresh', '/admin/upstreams']);
  });

  test.each([
    ['/admin/upstreams?x=1', 'x', "Unknown query parameter: 'x'. This route takes none."],
    [
      '/admin/agents/errors?severty=error',
      'severty',
      "Unknown query parameter: 'severty'. Known: agent, stage, severity, since, after, format, limit.",
    ],
  ])(
    'names what an administered route takes where it is asked for more: %s',
    async (url, param, message) => {
      const app = createApp(fakeGateway({ mayAdminister: () => true }));
      const response = await app.inject({ url, headers: asAdmin });
      expect(response.statusCode).toBe(400);
      expect(response.json().error).toMatchObject({
        code: 'unsupported_parameter',
        param,
        message,
      });
    },
  );

  test('asks about a scraper too, so that its attempt is on record, and lets it nowhere else', async () => {
    const asked: string[] = [];
    const app = createApp(
      fakeGateway({ mayAdminister: (_caller, resource) => asked.push(resource) > 0 }),
    );
    const headers = { authorization: `Bearer ${secrets.metrics}` };
    expect((await app.inject({ url: '/security/rules', headers })).statusCode).toBe(403);
    expect(asked).toEqual(['/security/rules']);
  });

  test('tells a key with scopes that these may be why', async () => {
    const holder = { keyId: 'key_1', keyName: 'a', role: 'admin', agents: null } as const;
    const app = createApp(
      fakeGateway({
        authenticate: () => ({ ...holder, namespaces: ['labs'] }),
        mayAdminister: () => false,
      }),
    );
    const refused = await app.inject({ url: '/admin/upstreams', headers: asAdmin });
    expect(refused.json().error.message).toBe(
      "A key with the role 'admin' that is limited to some agents may not use GET /admin/upstreams.",
    );
  });
});

describe('paths and methods', () => {
  const app = createApp(fakeGateway());

  test('answers an unknown path with 404 and the envelope', async () => {
    const response = await app.inject({ url: '/v1/nowhere?secret=1', headers: asCaller });
    expect(response.statusCode).toBe(404);
    expect(response.json()).toEqual({
      error: {
        message:
          "Unknown URL: GET /v1/nowhere. The base URL for clients of OpenAI's API is http://localhost:80/v1; GET /openapi.json lists what there is.",
        type: 'invalid_request_error',
        param: null,
        code: 'unknown_url',
      },
    });
  });

  test('takes a base URL without /v1 for all that clients ask, and doubled slashes for nothing', async () => {
    const ask = async (url: string) => (await app.inject({ url, headers: asCaller })).statusCode;
    expect(await ask('/models')).toBe(200);
    expect(await ask('/models/default/echo')).toBe(200);
    const chat = { model: 'default/echo', messages: [{ role: 'user', content: 'Hi' }] };
    const asked = { method: 'POST', headers: asCaller, payload: chat } as const;
    expect((await app.inject({ ...asked, url: '/chat/completions' })).statusCode).toBe(200);
    for (const url of ['//models', '//v1/models', '/v1//models', '/v1//models/default/echo']) {
      expect(await ask(url)).toBe(404);
    }
    const doubled = await app.inject({ ...asked, url: '/v1//chat/completions' });
    expect(doubled.statusCode).toBe(404);
    expect(doubled.json().error.message).toContain('is http://localhost:80/v1;');
  });

  test('names the models that are most like one that there is not', async () => {
    const response = await app.inject({ url: '/v1/models/labs/ecko', headers: asCaller });
    expect(response.json().error).toMatchObject({
      code: 'model_not_found',
      message:
        "The model 'labs/ecko' does not exist or you do not have access to it. Did you mean default/echo? GET /v1/models lists yours.",
    });
  });

  test('answers another method with 405 and says which it knows', async () => {
    const chat = await app.inject({ url: '/v1/chat/completions', headers: asCaller });
    expect([chat.statusCode, chat.headers.allow]).toEqual([405, 'POST, OPTIONS']);
    expect(chat.json().error.code).toBe('unknown_url');
    const models = await app.inject({
      method: 'PUT',
      url: '/v1/models/default/echo',
      headers: { ...asCaller, 'content-type': 'application/json' },
      payload: '{"broken',
    });
    expect([models.statusCode, models.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
  });

  test('answers OPTIONS with 204 and what is possible', async () => {
    const response = await app.inject({ method: 'OPTIONS', url: '/v1/models', headers: asCaller });
    expect([response.statusCode, response.headers.allow]).toEqual([204, 'GET, HEAD, OPTIONS']);
  });

  test('answers HEAD like GET, without the body', async () => {
    const response = await app.inject({ method: 'HEAD', url: '/v1/models', headers: asCaller });
    expect([response.statusCode, response.body]).toEqual([200, '']);
    expect(response.headers['content-type']).toContain('application/json');
  });

  test('refuses a URL that cannot be decoded', async () => {
    const response = await app.inject({ url: '/v1/models/%zz', headers: asCaller });
    expect(response.statusCode).toBe(400);
    expect(response.json().error.type).toBe('invalid_request_error');
    expect(response.headers['x-request-id']).toMatch(/^req_/);
  });

  test('takes a trailing slash', async () => {
    const response = await app.inject({ url: '/v1/models/', headers: asCaller });
    expect(response.json().object).toBe('list');
  });
});

describe('every answer', () => {
  test('carries an id of our own where the client sent none, and its time', async () => {
    const gateway = fakeGateway();
    const headers = { ...asCaller, 'x-client-request-id': 'trace-7' };
    const response = await createApp(gateway).inject({ url: '/v1/models', headers });
    const id = response.headers['x-request-id'];
    expect(id).toMatch(/^req_[0-9a-f]{24}$/);
    expect(response.headers['openai-processing-ms']).toMatch(/^\d+$/);
    expect(response.headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    expect(gateway.events).toEqual([
      {
        type: 'request_ended',
        requestId: id,
        clientRequestId: 'trace-7',
        clientAddress: '127.0.0.1',
        keyId: 'key_caller',
        method: 'GET',
        path: '/v1/models',
        route: '/v1/models',
        status: 200,
        durationMs: expect.any(Number),
        run: null,
        code: null,
      },
    ]);
  });

  test.each([
    ['/v1/models', asCaller, 200, null],
    ['/v1/models/default/none', asCaller, 404, 'agent_not_found'],
    ['/nowhere', asCaller, 404, 'route_not_found'],
    ['/v1/models/%zz', asCaller, 400, 'invalid_request'],
    ['/v1/models', {}, 401, 'key_missing'],
    ['/admin/agents', asCaller, 403, 'not_allowed'],
  ])('of %s has the id that its client sent', async (url, key, status, code) => {
    const gateway = fakeGateway();
    const headers = { ...key, 'x-request-id': 'Trace-7_a.b:c' };
    const response = await createApp(gateway).inject({ url, headers });
    expect([response.statusCode, response.headers['x-request-id']]).toEqual([
      status,
      'Trace-7_a.b:c',
    ]);
    expect(gateway.events).toMatchObject([{ requestId: 'Trace-7_a.b:c', status, code }]);
  });

  test.each(['', ' ', '-a', 'a b', 'a\u007f', 'ä', '{"a":1}', 'a, b', 'x'.repeat(129)])(
    'has an id of our own in place of %j',
    async (id) => {
      const headers = { ...asCaller, 'x-request-id': id };
      const { headers: answered } = await createApp(fakeGateway()).inject({
        url: '/v1/models',
        headers,
      });
      expect(answered['x-request-id']).toMatch(/^req_[0-9a-f]{24}$/);
    },
  );

  test('does not take over a client’s id that could forge a log line', async () => {
    const gateway = fakeGateway();
    const headers = { ...asCaller, 'x-client-request-id': 'x'.repeat(129) };
    await createApp(gateway).inject({ url: '/v1/models?key=secret', headers });
    expect(gateway.events).toMatchObject([{ clientRequestId: null, path: '/v1/models' }]);
  });
});

describe('GET /v1/models', () => {
  const app = createApp(fakeGateway());
  const model = {
    id: 'default/echo',
    object: 'model',
    created: 1_790_000_000,
    owned_by: 'default',
    name: 'Echo',
    description: 'Says it again.',
    x_agent: {
      kind: 'agent',
      tools: [{ name: 'erase', provenance: 'native', needs_approval: true }],
      approvals: true,
      sessions: true,
      client_tools: 'ignore',
      input: ['text', 'image'],
      settings: ['max_completion_tokens', 'top_p'],
      apis: ['chat_completions', 'responses'],
    },
    dropgate: {
      namespace: 'default',
      status: 'ready',
      model: { name: 'gpt-5-mini', source: 'agent' },
      upstream: { name: 'demo', source: 'default' },
    },
  };

  test('lists what the key may see', async () => {
    const response = await app.inject({ url: '/v1/models?user=u1', headers: asCaller });
    expect(response.json()).toEqual({ object: 'list', data: [model] });
  });

  test.each([
    '/v1/models/default/echo',
    '/v1/models/default%2Fecho',
    '/v1/models/default%2fECHO',
    '/v1/models/echo',
  ])('finds a model at %s', async (url) => {
    expect((await app.inject({ url, headers: asCaller })).json()).toEqual(model);
  });

  test.each(['/v1/models/default%252Fecho', '/v1/models/gone', '/v1/models/constructor'])(
    'answers %s with 404',
    async (url) => {
      const response = await app.inject({ url, headers: asCaller });
      expect(response.statusCode).toBe(404);
      expect(response.json().error).toMatchObject({ code: 'model_not_found', param: 'model' });
    },
  );
});

describe('health', () => {
  test('is alive from the start and ready when it is', async () => {
    for (const [status, code, waitingFor, more] of [
      ['starting', 503, ['broker', 'first_scan'], { waiting_for: ['broker', 'first_scan'] }],
      ['ready', 200, [], {}],
      ['draining', 503, [], {}],
    ] as const) {
      const app = createApp(fakeGateway({ readiness: () => ({ status, waitingFor }) }));
      const ready = await app.inject({ url: '/readyz' });
      expect([ready.statusCode, ready.json()]).toEqual([code, { status, ...more }]);
      expect((await app.inject({ url: '/healthz' })).statusCode).toBe(200);
    }
  });
});

describe('administration', () => {
  test('hands filters of the diagnostics on, checked', async () => {
    const asked: unknown[] = [];
    const gateway = fakeGateway();
    const errors = (query: unknown) => {
      asked.push(query);
      return { errors: [], next: 'n2' };
    };
    const app = createApp({ ...gateway, admin: { ...gateway.admin, errors } });
    const get = (query: string) =>
      app.inject({ url: `/admin/agents/errors${query}`, headers: asAdmin });
    expect((await get('')).json()).toEqual({ errors: [], next: 'n2' });
    await get('?agent=labs/x&stage=load&severity=error&since=2026-11-22T10:00:00%2B01:00&limit=5');
    expect(asked).toEqual([
      { limit: 100 },
      {
        agent: 'labs/x',
        stage: 'load',
        severity: 'error',
        since: '2026-11-22T09:00:00.000Z',
        limit: 5,
      },
    ]);
    const bad = await get('?stage=nowhere');
    expect(bad.statusCode).toBe(400);
    expect(bad.json().error).toMatchObject({ param: 'stage', code: 'invalid_value' });
    expect((await get('?limit=0')).json().error.param).toBe('limit');
    expect((await get('?since=yesterday')).json().error.param).toBe('since');
  });

  test('refreshes with and without force, with any or no body', async () => {
    const forced: boolean[] = [];
    const gateway = fakeGateway();
    const report = {
      scanned: 1,
      unchanged: [],
      loaded: ['default/echo'],
      failed: [],
      removed: [],
      warnings: [],
    };
    const refresh = async ({ force }: { force: boolean }) => {
      forced.push(force);
      return report;
    };
    const app = createApp({ ...gateway, admin: { ...gateway.admin, refresh } });
    const post = (url: string, headers = {}) =>
      app.inject({ method: 'POST', url, headers: { ...asAdmin, ...headers } });
    expect((await post('/agents/refresh')).json()).toEqual(report);
    await post('/admin/agents/refresh?force=true', { 'content-type': 'application/json' });
    expect(forced).toEqual([false, true]);
    expect((await post('/agents/refresh?force=maybe')).statusCode).toBe(400);
  });

  test('shows an admin what a caller may not see of a failure', async () => {
    const gateway = fakeGateway({
      listModels: () => {
        throw new GatewayError('agent_unavailable', 'It could not be loaded.', {
          adminDetail: [{ code: 'syntax_error', file: '/srv/agent.ts' }],
        });
      },
    });
    const app = createApp(gateway);
    const caller = await app.inject({ url: '/v1/models', headers: asCaller });
    expect(caller.statusCode).toBe(503);
    expect(caller.headers['retry-after']).toBe('5');
    expect(caller.body).not.toContain('/srv');
    const admin = await app.inject({ url: '/v1/models', headers: asAdmin });
    expect(admin.json().error.dropgate).toEqual({
      failure: 'agent_unavailable',
      detail: [{ code: 'syntax_error', file: '/srv/agent.ts' }],
    });
  });
});

test('GET /openapi.json describes every route, for keys only', async () => {
  const gateway = fakeGateway();
  const response = await createApp(gateway).inject({ url: '/openapi.json', headers: asCaller });
  const described = response.json();
  expect(described.openapi).toBe('3.1.0');
  const paths = routes.map(({ url }) => url.replace('*', '{id}').replace(/:(\w+)/g, '{$1}'));
  expect(Object.keys(described.paths).toSorted()).toEqual([...new Set(paths)].toSorted());
  expect(described.paths['/v1/models/{id}'].get.parameters).toMatchObject([
    { in: 'path', name: 'id', required: true },
  ]);
  expect(described.paths['/healthz'].get.security).toEqual([]);
  expect(described.paths['/console/{id}'].get.parameters).toMatchObject([{ name: 'id' }]);
  // A body that may be absent.
  const rotate = described.paths['/security/keys/{id}/rotate'].post;
  expect(rotate.requestBody.required).toBe(false);
  const login = described.paths['/console/session'].post.requestBody;
  expect(login.required).toBe(true);
  expect(login.content['application/json'].schema.oneOf).toEqual([
    { required: ['key'] },
    { required: ['code'] },
  ]);
  const chat = described.paths['/v1/chat/completions'].post;
  expect(chat.requestBody.content['application/json'].schema.required).toEqual([
    'model',
    'messages',
  ]);
  expect(Object.keys(chat.responses).join(' ')).toBe(
    '200 400 401 403 404 408 409 413 429 499 500 502 503 504',
  );
  expect(Object.keys(chat.responses['200'].content)).toEqual([
    'application/json',
    'text/event-stream',
  ]);
});

test('GET /openapi.json says of every route what it answers and how it fails', async () => {
  const response = await createApp(fakeGateway()).inject({
    url: '/openapi.json',
    headers: asAdmin,
  });
  const { paths, components } = response.json();
  for (const [path, operations] of Object.entries<Record<string, { responses: object }>>(paths)) {
    for (const [method, { responses }] of Object.entries(operations)) {
      const answers = Object.entries<{ content?: object; $ref?: string }>({ ...responses });
      const [[status, answer] = ['', {}]] = answers.filter(([each]) => each.startsWith('2'));
      const hasContent = status === '204' || Object.keys(answer.content ?? {}).length > 0;
      expect([method, path, hasContent]).toEqual([method, path, true]);
      const refs = answers.flatMap(([, { $ref }]) => $ref?.split('/').at(-1) ?? []);
      expect(refs).toContain('Failure500');
      expect(Object.keys(components.responses)).toEqual(expect.arrayContaining(refs));
    }
  }
  expect(components.responses.Failure429.headers['retry-after'].required).toBe(true);
});

// Those that servers of files know, and one that is new.
test.each(['PROPFIND', 'QUERY', 'LINK'])(
  'answers %s of a path that is there with 405',
  async (method) => {
    const app = createApp(fakeGateway());
    const ask = async (url: string, headers = asCaller) => {
      const response = await app.inject({ method: method as 'GET', url, headers });
      return [response.statusCode, response.headers.allow];
    };
    expect(await ask('/v1/chat/completions')).toEqual([405, 'POST, OPTIONS']);
    expect(await ask('/v1/models/default/echo/?a=b')).toEqual([405, 'GET, HEAD, OPTIONS']);
    expect(await ask('/nowhere')).toEqual([404, undefined]);
    expect(await ask('/v1/models', {} as never)).toEqual([401, undefined]);
  },
);

test('items of a conversation are refused by the name that they have there', async () => {
  const output = { type: 'function_call_output', call_id: 'call_1', output: 'x' };
  const response = await createApp(fakeGateway()).inject({
    method: 'POST',
    url: '/v1/conversations',
    headers: asCaller,
    payload: { items: [output] },
  });
  expect(response.json().error).toMatchObject({
    message:
      "Invalid value for 'items[0].call_id': no call before it waits for this result. Send the function_call too, or leave the result out.",
    param: 'items[0].call_id',
  });
});

test.each([
  ['not the form of a time', 'yesterday', 400],
  ['what only JavaScript reads', 'Nov 3 2026', 400],
  ['a month that there is not', '2026-13-01', 400],
  ['a day', '2026-11-03', 200],
  ['a time with a zone', '2026-11-03T10:00:00.5%2B01:00', 200],
])('takes of times %s as the description says', async (_what, since, status) => {
  const response = await createApp(fakeGateway()).inject({
    url: `/admin/agents/errors?since=${since}`,
    headers: asAdmin,
  });
  expect(response.statusCode).toBe(status);
});
