import { describe, expect, test } from 'vitest';
import { asAdmin, asCaller, fakeGateway } from '../../../../test/support/http-fakes.ts';
import {
  fakeNowSeconds,
  fakeSecurity,
  someKey,
  someOverride,
  someRule,
} from '../../../../test/support/security-fakes.ts';
import { GatewayError } from '../../../errors.ts';
import { createApp } from '../../app.ts';
import { routes } from '../../routes.ts';
import type { SecurityDeps } from '../../security-deps.ts';

type Method = 'GET' | 'POST' | 'DELETE';

const plainApp = createApp(fakeGateway());

/** Asks the real app, as an admin, with some of its security side replaced. */
async function ask(
  [method, url, payload]: readonly [Method, string, (object | undefined)?],
  over?: Partial<SecurityDeps>,
) {
  const app = over
    ? createApp(fakeGateway({ security: { ...fakeSecurity(), ...over } }))
    : plainApp;
  const response = await app.inject({
    method,
    url,
    headers: asAdmin,
    ...(payload ? { payload } : {}),
  });
  return { status: response.statusCode, body: response.json(), headers: response.headers };
}

const override = {
  principal: 'alice',
  action: 'run_agent',
  resource: 'labs/*',
  effect: 'allow',
  ttl_seconds: 60,
  reason: 'Demo at noon.',
};

const overrideShown = {
  id: 'ovr_1',
  state: 'active',
  principal: 'alice',
  action: 'run_agent',
  resource: 'labs/*',
  effect: 'allow',
  break_glass: false,
  limits: null,
  reason: 'Demo at noon.',
  created_by: 'key_admin',
  created_at: '2026-11-22T11:59:50.000Z',
  expires_at: '2026-11-22T12:00:50.000Z',
  revoked_at: null,
  revoked_by: null,
};

const keyShown = {
  id: 'key_a1',
  name: 'alice',
  role: 'caller',
  state: 'active',
  namespaces: ['labs'],
  agents: null,
  limits: {
    requests_per_minute: 60,
    concurrent_runs: null,
    tokens_per_day: null,
    tokens_per_month: 1_000_000,
    usd_per_day: 2.5,
    usd_per_month: null,
  },
  run_limits: null,
  forwards_users: false,
  created_at: '2026-11-21T12:00:00.000Z',
  created_by: 'cli:ops',
  expires_at: '2026-11-23T12:00:00.000Z',
  revoked_at: null,
  rotated_from: null,
  last_used_at: '2026-11-22T11:59:00.000Z',
};

describe('rules', () => {
  test('are listed with tier, source and order', async () => {
    expect((await ask(['GET', '/security/rules'])).body).toEqual({
      rules: [
        {
          order: 1,
          id: 'labs-runs',
          tier: 6,
          source: 'namespace',
          effect: 'deny',
          action: 'run_agent',
          principals: ['*'],
          resources: ['labs/*'],
          except_principals: ['role:operator'],
          when: null,
          expires_at: null,
          reason: null,
        },
      ],
      next: null,
    });
  });

  test('are read again, and told to be the old ones where the new are wrong', async () => {
    const good = await ask(['POST', '/security/refresh']);
    expect(good.body).toEqual({ rules: 9, overrides: 1, kept: false, findings: [] });
    const finding = { severity: 'error', code: 'x', message: 'Wrong.' } as never;
    const refresh = async () => ({ rules: 9, overrides: 1, findings: [finding] });
    const bad = await ask(['POST', '/security/refresh'], { refresh });
    expect(bad.body).toMatchObject({ kept: true, findings: [{ message: 'Wrong.' }] });
  });
});

describe('a preview', () => {
  test('answers with the decision, its rule and all that fit', async () => {
    const asked: unknown[] = [];
    const { status, body } = await ask(
      [
        'POST',
        '/security/preview',
        { key_id: 'alice', action: 'call_tool', resource: 'weather', agent_id: 'labs/x', args: 7 },
      ],
      {
        preview: async (viewer, readRequest, signal) => {
          asked.push(viewer.keyId, readRequest());
          return fakeSecurity().preview(viewer, readRequest, signal);
        },
      },
    );
    expect(status).toBe(200);
    expect(asked).toEqual([
      'key_admin',
      { keyId: 'alice', action: 'call_tool', resource: 'weather', agentId: 'labs/x', args: 7 },
    ]);
    expect(body).toEqual({
      decision: 'deny',
      rule: { id: 'labs-runs', tier: 6, source: 'namespace', reason: null },
      matched: [expect.objectContaining({ id: 'labs-runs' })],
      smallest_override: null,
    });
  });

  test('takes drafts, and tells who gains and who loses', async () => {
    const asked: unknown[] = [];
    const rule = { id: 'try', effect: 'allow', action: 'run_agent', resources: ['labs/*'] };
    const draft_rules = [
      { ...rule, principals: ['bob'], when: 'true', expires_at: '2027-01-01T00:00:00Z' },
    ];
    const { body } = await ask(
      [
        'POST',
        '/security/preview',
        {
          principal: 'role:caller',
          action: 'run_agent',
          resource: 'labs/x',
          draft_rules,
          draft_override: { ...override, ttl_seconds: undefined, reason: undefined },
        },
      ],
      {
        preview: async (_viewer, readRequest) => {
          asked.push(readRequest());
          return {
            decision: { answer: 'allow', rule: null },
            matched: [],
            warnings: [],
            smallestOverride: null,
            draft: {
              before: { answer: 'deny', rule: null },
              after: { answer: 'allow', rule: someRule },
              changes: [
                {
                  principal: { type: 'agent', id: 'labs/x' },
                  action: 'call_tool',
                  resource: 'weather',
                  before: 'deny',
                  after: 'allow',
                },
              ],
              isTruncated: false,
            },
          };
        },
      },
    );
    expect(asked).toEqual([
      {
        principal: 'role:caller',
        action: 'run_agent',
        resource: 'labs/x',
        draftRules: [
          { ...rule, principals: ['bob'], when: 'true', expiresAtSeconds: 1_798_761_600 },
        ],
        draftOverride: {
          principal: 'alice',
          action: 'run_agent',
          resource: 'labs/*',
          effect: 'allow',
          breakGlass: false,
        },
      },
    ]);
    expect(body).toMatchObject({
      before: { decision: 'deny', rule: null },
      after: { decision: 'allow', rule: { id: 'labs-runs' } },
      changes: [
        {
          principal: { type: 'agent', id: 'labs/x', name: 'labs/x' },
          agent_id: null,
          action: 'call_tool',
          resource: 'weather',
          before: 'deny',
          after: 'allow',
        },
      ],
      truncated: false,
    });
  });
});

describe('a body of administration', () => {
  test('is not read while a preview waits for its turn', async () => {
    const preview: SecurityDeps['preview'] = async () => {
      throw new GatewayError('rate_limited', 'Wait.');
    };
    const { status } = await ask(['POST', '/security/preview', { action: 'fly' }], { preview });
    expect(status).toBe(429);
  });

  test.each<[Method, string]>([
    ['POST', '/security/preview'],
    ['POST', '/security/override'],
    ['POST', '/security/keys'],
  ])('%s %s is of 1 MiB at most', async (method, url) => {
    const { status, body } = await ask([method, url, { reason: 'x'.repeat(1024 * 1024) }]);
    expect([status, body.error.message]).toEqual([
      413,
      'The body is larger than the limit of 1 MiB.',
    ]);
  });
});

describe('an override', () => {
  test('is made, listed and ended', async () => {
    const wanted: unknown[] = [];
    const overrides: SecurityDeps['overrides'] = {
      create: async (maker, asked) => {
        wanted.push(maker.keyId, asked);
        return someOverride;
      },
      list: async (_viewer, filter) => {
        wanted.push(filter);
        return [{ ...someOverride, expiresAtSeconds: fakeNowSeconds }];
      },
      revoke: async (_maker, id) => {
        wanted.push(id);
        return { ...someOverride, revokedAtSeconds: fakeNowSeconds, revokedBy: 'key_admin' };
      },
    };
    const made = await ask(['POST', '/security/override', override], { overrides });
    expect([made.status, made.body]).toEqual([201, overrideShown]);
    const listed = await ask(['GET', '/security/overrides?active=true'], { overrides });
    expect(listed.body.overrides).toEqual([
      { ...overrideShown, state: 'expired', expires_at: '2026-11-22T12:00:00.000Z' },
    ]);
    const ended = await ask(['DELETE', '/security/overrides/ovr_1'], { overrides });
    expect([ended.status, ended.body.state]).toEqual([200, 'revoked']);
    const { ttl_seconds: ttlSeconds, ...rest } = override;
    expect(wanted).toEqual([
      'key_admin',
      { ...rest, ttlSeconds, breakGlass: false },
      { isActive: true },
      'ovr_1',
    ]);
  });
});

test('overrides are paged', async () => {
  const all = ['ovr_3', 'ovr_2', 'ovr_1'].map((id) => ({ ...someOverride, id }));
  const overrides = { ...fakeSecurity().overrides, list: async () => all };
  const page = async (query: string) => {
    const { body } = await ask(['GET', `/security/overrides?${query}`], { overrides });
    return [body.overrides.map(({ id }: { id: string }) => id), body.next];
  };
  expect(await page('limit=2')).toEqual([['ovr_3', 'ovr_2'], 'ovr_2']);
  expect(await page('limit=2&after=ovr_2')).toEqual([['ovr_1'], null]);
  expect(await page('')).toEqual([['ovr_3', 'ovr_2', 'ovr_1'], null]);
});

test('rules and keys are paged, and a rule keeps its place', async () => {
  const rules = () =>
    ['a', 'namespace:Große Labs:run_agents', 'c'].map((id) => ({ ...someRule, id }));
  const records = ['key_1', 'key_2', 'key_3'].map((id) => ({ ...someKey, id }));
  const keys = { ...fakeSecurity().keys, list: async () => records };
  const page = async (path: string) => (await ask(['GET', path], { rules, keys })).body;
  const second = encodeURIComponent('namespace:Große Labs:run_agents');
  expect(await page('/security/rules?limit=2')).toMatchObject({
    rules: [{ order: 1 }, { order: 2 }],
    next: 'namespace:Große Labs:run_agents',
  });
  expect(await page(`/security/rules?limit=2&after=${second}`)).toMatchObject({
    rules: [{ id: 'c', order: 3 }],
    next: null,
  });
  expect(await page('/security/keys?limit=1')).toMatchObject({ keys: [{}], next: 'key_1' });
  expect(await page('/security/keys?after=key_1')).toMatchObject({
    keys: [{ id: 'key_2' }, { id: 'key_3' }],
    next: null,
  });
});

describe('decisions', () => {
  test('are filtered by what was asked, and paged', async () => {
    const asked: unknown[] = [];
    const decisions: SecurityDeps['decisions'] = async (_viewer, query) => {
      asked.push(query);
      return { ...(await fakeSecurity().decisions(_viewer, query)), next: 'dec_1' };
    };
    const filters =
      'key_id=key_a1&agent=labs/planner&action=call_tool&effect=deny&tool=weather&rule=no-weather' +
      '&request_id=req_1&since=2026-11-22T10:00:00%2B01:00&until=2026-11-23&after=dec_9&limit=5';
    const { body } = await ask(['GET', `/security/decisions?${filters}`], { decisions });
    expect(asked).toEqual([
      {
        keyId: 'key_a1',
        agentId: 'labs/planner',
        action: 'call_tool',
        effect: 'deny',
        tool: 'weather',
        ruleId: 'no-weather',
        requestId: 'req_1',
        since: '2026-11-22T09:00:00.000Z',
        until: '2026-11-23T00:00:00.000Z',
        after: 'dec_9',
        limit: 5,
      },
    ]);
    expect(body).toEqual({
      decisions: [
        {
          id: 'dec_1',
          time: '2026-11-22T11:59:59.000Z',
          request_id: 'req_1',
          user: null,
          key_id: 'key_a1',
          role: 'caller',
          action: 'call_tool',
          effect: 'deny',
          resource: 'weather',
          agent_id: 'labs/planner',
          module_path: 'src/agents/labs/Planner/agent.ts',
          tool: 'weather',
          rule_id: 'no-weather',
          tier: 3,
          source: 'config',
          reason: 'quota',
        },
      ],
      next: 'dec_1',
    });
  });
});

describe('keys', () => {
  test('are listed without secrets or what is stored of them', async () => {
    const { body } = await ask(['GET', '/security/keys']);
    expect(body).toEqual({ keys: [keyShown], next: null });
    expect(JSON.stringify(body)).not.toContain('fff');
  });

  test('are made with scopes, limits and an expiry, and shown this once', async () => {
    const asked: unknown[] = [];
    const keys: SecurityDeps['keys'] = {
      ...fakeSecurity().keys,
      create: async (maker, wanted) => {
        asked.push(maker.role, wanted);
        return { record: someKey, secret: 'dg_secret' };
      },
    };
    const body = {
      name: 'alice',
      role: 'caller',
      namespaces: ['labs'],
      agents: null,
      limits: { requests_per_minute: 60, tokens_per_month: 1_000_000 },
      expires_at: '2026-11-23T13:00:00+01:00',
    };
    const made = await ask(['POST', '/security/keys', body], { keys });
    expect([made.status, made.body]).toEqual([201, { ...keyShown, key: 'dg_secret' }]);
    expect(asked).toEqual([
      'admin',
      {
        name: 'alice',
        role: 'caller',
        namespaces: ['labs'],
        expiresAtSeconds: fakeNowSeconds + 86_400,
        limits: {
          requestsPerMinute: 60,
          concurrentRuns: null,
          tokensPerDay: null,
          tokensPerMonth: 1_000_000,
          usdPerDay: null,
          usdPerMonth: null,
        },
      },
    ]);
  });

  test('are made with a warning where a scope names what is not there', async () => {
    const body = { role: 'caller', namespaces: ['lbas'] };
    const made = await ask(['POST', '/security/keys', body]);
    expect(made.body.warnings).toEqual(['No agent is in the namespace lbas so far.']);
  });

  test('are rotated with an overlap, an hour where none is given', async () => {
    const asked: unknown[] = [];
    const keys: SecurityDeps['keys'] = {
      ...fakeSecurity().keys,
      rotate: async (_maker, id, options) => {
        asked.push(id, options);
        return { record: { ...someKey, rotatedFrom: id }, secret: 'dg_next' };
      },
    };
    const rotate = (payload?: object) =>
      ask(['POST', '/security/keys/key_a0/rotate', payload], { keys });
    const { status, body } = await rotate({ overlap_seconds: 0 });
    expect([status, body.key, body.rotated_from]).toEqual([201, 'dg_next', 'key_a0']);
    await rotate();
    expect(asked).toEqual(['key_a0', { overlapSeconds: 0 }, 'key_a0', { overlapSeconds: 3600 }]);
  });

  test('are revoked', async () => {
    const { status, body } = await ask(['DELETE', '/security/keys/key_a1']);
    expect([status, body]).toEqual([
      200,
      { ...keyShown, state: 'revoked', revoked_at: '2026-11-22T12:00:00.000Z' },
    ]);
  });
});

const question = { key_id: 'alice', action: 'run_agent', resource: 'labs/x' };

/** Of 91 patterns each. */
const elevenRules = Array.from({ length: 11 }, (_, index) => ({
  id: `r${index}`,
  effect: 'deny',
  action: 'run_agent',
  principals: ['*'],
  resources: Array.from({ length: 90 }, (_, agent) => `labs/a${agent}`),
}));

test.each<[Method, string, object | undefined, string | null, string]>([
  ['POST', '/security/override', { ...override, ttl: 5 }, 'ttl', 'unsupported_parameter'],
  ['POST', '/security/override', { ...override, ttl_seconds: 0 }, 'ttl_seconds', 'invalid_value'],
  [
    'POST',
    '/security/override',
    { ...override, ttl_seconds: 86_401 },
    'ttl_seconds',
    'invalid_value',
  ],
  ['POST', '/security/override', { ...override, ttl_seconds: '60' }, 'ttl_seconds', 'invalid_type'],
  ['POST', '/security/override', { ...override, reason: '  ' }, 'reason', 'invalid_value'],
  [
    'POST',
    '/security/override',
    { ...override, reason: undefined },
    'reason',
    'missing_required_parameter',
  ],
  ['POST', '/security/override', { ...override, action: 'fly' }, 'action', 'invalid_value'],
  [
    'POST',
    '/security/override',
    { ...override, created_by: 'root' },
    'created_by',
    'unsupported_parameter',
  ],
  ['POST', '/security/override', undefined, null, null as never],
  [
    'POST',
    '/security/preview',
    { ...question, key_id: undefined },
    'principal',
    'missing_required_parameter',
  ],
  ['POST', '/security/preview', { ...question, principal: 'bob' }, 'principal', 'invalid_value'],
  [
    'POST',
    '/security/preview',
    { ...question, draft_rules: [{ id: 'x', tier: 1 }] },
    'draft_rules[0].effect',
    'missing_required_parameter',
  ],
  [
    'POST',
    '/security/preview',
    { ...question, draft_rules: elevenRules },
    'draft_rules',
    'invalid_value',
  ],
  [
    'POST',
    '/security/preview',
    { ...question, args: ['x'.repeat(10_000)] },
    'args',
    'invalid_value',
  ],
  ['POST', '/security/keys', { role: 'king' }, 'role', 'invalid_value'],
  ['POST', '/security/keys', { role: 'caller', hash: 'f' }, 'hash', 'unsupported_parameter'],
  [
    'POST',
    '/security/keys',
    { role: 'caller', limits: { tokens_per_day: 0 } },
    'limits.tokens_per_day',
    'invalid_value',
  ],
  [
    'POST',
    '/security/keys',
    { role: 'caller', limits: { per_day: 1 } },
    'limits.per_day',
    'unsupported_parameter',
  ],
  ['POST', '/security/keys', { role: 'caller', expires_at: 'soon' }, 'expires_at', 'invalid_value'],
  [
    'POST',
    '/security/keys/key_a1/rotate',
    { overlap_seconds: -1 },
    'overlap_seconds',
    'invalid_value',
  ],
  ['DELETE', '/security/keys/..%2Fadmin', undefined, 'id', 'invalid_value'],
  ['DELETE', "/security/overrides/'--", undefined, 'id', 'invalid_value'],
  ['GET', '/security/decisions?agents=x', undefined, 'agents', 'unsupported_parameter'],
  ['GET', '/security/decisions?limit=1001', undefined, 'limit', 'invalid_value'],
  ['GET', '/security/decisions?since=yesterday', undefined, 'since', 'invalid_value'],
  ['GET', '/security/overrides?active=perhaps', undefined, 'active', 'invalid_value'],
])('%s %s with %j is refused and names the field', async (method, url, payload, param, code) => {
  const { status, body } = await ask([method, url, payload]);
  expect([status, body.error.param, body.error.code]).toEqual([400, param, code]);
});

test.each<[string, Partial<SecurityDeps>]>([
  ['/security/overrides', { overrides: { ...fakeSecurity().overrides, list: away } }],
  ['/security/decisions', { decisions: away }],
  ['/security/keys', { keys: { ...fakeSecurity().keys, list: away } }],
])('GET %s says what to do while the store is away', async (url, over) => {
  const { status, body, headers } = await ask(['GET', url], over);
  expect([status, headers['retry-after']]).toEqual([503, '5']);
  expect(body.error).toMatchObject({ code: 'store_unavailable', message: 'Away. Try again.' });
});

test('asks `administer` about the path of each route but that of a caller itself, ids left out, and lets nobody past it', async () => {
  const asked: string[] = [];
  const gateway = fakeGateway({
    mayAdminister: (_caller, resource) => asked.push(resource) < 0,
  });
  const app = createApp(gateway);
  const ofSecurity = routes.filter(
    ({ url, audience }) => url.startsWith('/security/') && audience !== 'callers',
  );
  for (const { method, url } of ofSecurity) {
    const response = await app.inject({
      method: method as Method,
      url: url.replace(':id', 'x1'),
      headers: asCaller,
    });
    expect([url, response.statusCode]).toEqual([url, 403]);
  }
  expect(asked).toEqual([
    '/security/rules',
    '/security/refresh',
    '/security/preview',
    '/security/matrix',
    '/security/audit',
    '/security/decisions',
    '/security/override',
    '/security/overrides',
    '/security/overrides/:id',
    '/security/keys',
    '/security/keys',
    '/security/keys/:id/rotate',
    '/security/keys/:id',
    '/security/keys/:id',
  ]);
});

test('every answer is as the description says', async () => {
  const app = plainApp;
  const described = (await app.inject({ url: '/openapi.json', headers: asAdmin })).json();
  const schemaOf = (path: string, method: string, status: number) =>
    described.paths[path][method].responses[status].content['application/json'].schema;
  expect(schemaOf('/security/rules', 'get', 200).properties.rules.items.required).toContain('tier');
  expect(schemaOf('/security/override', 'post', 201).additionalProperties).toBe(false);
  expect(schemaOf('/security/keys/{id}/rotate', 'post', 201).properties.key.type).toBe('string');
  expect(
    schemaOf('/admin/agents', 'get', 200).properties.agents.items.properties.status.enum,
  ).toEqual(['loading', 'ready', 'degraded', 'failed']);
  const bodies: Readonly<Record<string, object>> = {
    preview: question,
    override,
    keys: { role: 'caller' },
    rollback: { agent: 'default/echo', to: 1 },
    release: { agent: 'default/echo' },
    fork: { from_step: 2 },
    ':approval_id': { approve: true },
    ':id': { limits: { requests_per_minute: 5 } },
  };
  for (const { url, method, answer, status } of routes) {
    // The console takes logins of its own, which `console.test.ts` makes.
    if (!answer || url.startsWith('/console')) continue;
    // Those of OpenAI's API need runs: `test/hostile/schemathesis.soak.test.ts` asks a gateway that has them.
    if (/^\/(v1\/)?(models|chat|responses|conversations)/.test(url)) continue;
    const response = await app.inject({
      method: method as Method,
      url: url
        .replace(':id', 'x1')
        .replace(/generations$/, '$&?agent=default/echo')
        .replace(/data$/, '$&?user=ann'),
      headers: asAdmin,
      ...(method === 'POST' || method === 'PATCH'
        ? { payload: bodies[url.split('/').at(-1) ?? ''] ?? {} }
        : {}),
    });
    expect([url, response.statusCode]).toEqual([url, status ?? 200]);
    for (const told of answersIn(response)) expect([url, answer.parse(told)]).toEqual([url, told]);
  }
});

/** What was answered as JSON, or each event of a stream that has ended. */
function answersIn(response: { json(): unknown; body: string; headers: object }): unknown[] {
  const events = response.body.match(/(?<=^data: ).*$/gm);
  return events === null ? [response.json()] : events.map((data) => JSON.parse(data));
}

function away(): never {
  throw new GatewayError('store_unavailable', 'Away. Try again.');
}
