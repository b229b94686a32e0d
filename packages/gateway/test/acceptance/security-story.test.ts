import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  DecisionAnswer,
  KeyAnswer,
  OverrideAnswer,
  PreviewAnswer,
  RuleAnswer,
} from '../../src/protocol/security/answers.ts';
import { patienceMs } from '../support/hang-limit.ts';
import { inProcessCli } from '../support/in-process-cli.ts';
import { call } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { until } from './until.ts';

const settings = `worker: { spares: 0 }
security:
  namespaces:
    default: { run_agents: deny }
  rules:
    - { id: admins-run-all, effect: allow, action: run_agent, principals: ["role:admin"], resources: ["*"] }
`;

let gateway: TestGateway;
let alice: KeyAnswer & { key: string };
let bob: KeyAnswer & { key: string };

beforeAll(async () => {
  gateway = await startGateway({
    files: {
      'gateway.yaml': settings,
      'src/agents/SampleAgent/agent.ts': saying('Hello from the sample.'),
      'src/agents/labs/Planner/agent.ts': saying('Planned.'),
    },
  });
  alice = await makeKey({ name: 'alice', role: 'caller' });
  bob = await makeKey({ name: 'bob', role: 'caller' });
});

afterAll(() => gateway.stop());

describe('a namespace that denies by default', () => {
  let override: OverrideAnswer;
  let requestId = '';

  test('does not even show its agents', async () => {
    expect(await ask(alice.key)).toMatchObject({ status: 404, code: 'model_not_found' });
    expect(await previewOf('alice')).toMatchObject({
      decision: 'deny',
      rule: { id: 'namespace:default:run_agents', tier: 6, source: 'namespace' },
    });
  });

  test('opens for one key and a while, without a restart', async () => {
    override = await overrideFor(3600);
    expect(override).toMatchObject({ state: 'active', created_by: expect.stringMatching(/^key_/) });
    const answer = await ask(alice.key);
    expect(answer).toMatchObject({ status: 200, content: 'Hello from the sample.' });
    requestId = answer.requestId;
    expect(await ask(bob.key)).toMatchObject({ status: 404 });
    const rule = { id: override.id, tier: 4, source: 'override', reason: 'Demo at noon.' };
    expect(await previewOf('alice')).toMatchObject({ decision: 'allow', rule });
    expect((await previewOf('bob')).decision).toBe('deny');
    const { rules } = await get<{ rules: RuleAnswer[] }>('/security/rules');
    expect(rules[0]).toMatchObject({ order: 1, ...rule, expires_at: override.expires_at });
  });

  test('closes again when it is revoked, and when the while is over', async () => {
    const revoked = await send('DELETE', `/security/overrides/${override.id}`);
    expect(await revoked.json()).toMatchObject({ id: override.id, state: 'revoked' });
    expect((await ask(alice.key)).status).toBe(404);

    // On a busy machine a while may be over before it was asked in it: then it takes a longer one.
    let short: OverrideAnswer;
    let seconds = 1;
    do {
      short = await overrideFor(seconds);
      seconds *= 2;
    } while ((await ask(alice.key)).status === 404);
    const closed = await until('the override to end', async () => {
      const answer = await ask(alice.key);
      return answer.status === 404 && answer;
    });
    const lateMs = Date.now() - Date.parse(short.expires_at);
    expect(lateMs).toBeGreaterThan(-100);
    expect(closed.code).toBe('model_not_found');
    expect((await previewOf('alice')).rule?.id).toBe('namespace:default:run_agents');
    const { overrides } = await get<{ overrides: OverrideAnswer[] }>('/security/overrides');
    expect(overrides.find(({ id }) => id === short.id)).toEqual({ ...short, state: 'expired' });
    expect(overrides.filter(({ state }) => state === 'active')).toEqual([]);
    expect(await get('/security/overrides?active=true')).toEqual({ overrides: [], next: null });
  });

  test('is told the same by the log, the metrics and the decisions', async () => {
    const decision = await until('the decision to be kept', async () => {
      const { decisions } = await decisionsOf(`request_id=${requestId}&action=run_agent`);
      return decisions[0];
    });
    expect(decision).toMatchObject({
      effect: 'allow',
      key_id: alice.id,
      role: 'caller',
      resource: 'default/sampleagent',
      agent_id: 'default/sampleagent',
      rule_id: override.id,
      tier: 4,
      source: 'override',
      reason: 'Demo at noon.',
    });
    const denied = await until('both denials to be kept', async () => {
      const { decisions } = await decisionsOf(`key_id=${alice.id}&effect=deny`);
      return decisions.length >= 2 && decisions;
    });
    for (const each of denied) {
      expect(each).toMatchObject({ rule_id: 'namespace:default:run_agents', tier: 6 });
    }
    const line = await until('the line of the log', () =>
      gateway
        .logs()
        .split('\n')
        .find((text) => text.includes('access allow') && text.includes(override.id)),
    );
    expect(line).toContain(`request_id=${requestId}`);
    const metrics = await (await gateway.fetch('/metrics')).text();
    const counted = metrics
      .split('\n')
      .find((text) => /^dropgate_security_decisions_total\{.*override/.test(text));
    expect(counted).toMatch(/action="run_agent"/);
    expect(counted).toMatch(/effect="allow"/);
  });
});

describe('an operator of one namespace', () => {
  let operator: KeyAnswer & { key: string };

  beforeAll(async () => {
    operator = await makeKey({ name: 'op', role: 'operator', namespaces: ['labs'] });
  });

  const override = (over: object) => ({
    principal: 'bob',
    action: 'run_agent',
    resource: 'labs/*',
    effect: 'deny',
    ttl_seconds: 60,
    reason: 'Incident.',
    ...over,
  });

  test('stops what is in it, and ends that again', async () => {
    expect((await ask(bob.key, 'labs/planner')).status).toBe(200);
    const made = await post<OverrideAnswer>('/security/override', 201, override({}), operator.key);
    expect(made.created_by).toBe(operator.id);
    expect((await ask(bob.key, 'labs/planner')).status).toBe(404);
    const ended = await send('DELETE', `/security/overrides/${made.id}`, { key: operator.key });
    expect(await ended.json()).toMatchObject({ state: 'revoked', revoked_by: operator.id });
    expect((await ask(bob.key, 'labs/planner')).status).toBe(200);
  });

  test.each([
    ['another namespace', { resource: 'default/*' }, 'resource'],
    ['all namespaces', { resource: '*' }, 'resource'],
    ['administration', { action: 'administer', resource: '/admin/*' }, 'action'],
    ['glass', { effect: 'allow', break_glass: true }, 'break_glass'],
  ])('does not reach %s', async (_title, over, param) => {
    const body = override(over);
    const refused = await send('POST', '/security/override', { key: operator.key, body });
    expect(refused.status).toBe(403);
    expect(await refused.json()).toMatchObject({ error: { param, code: 'permission_denied' } });
  });

  test('sees the rules, decisions and previews of it alone', async () => {
    const { rules } = await get<{ rules: RuleAnswer[] }>('/security/rules', operator.key);
    expect(rules.filter(({ source }) => source !== 'built_in')).toMatchObject([
      { id: 'admins-run-all', resources: ['*'] },
    ]);
    const { decisions } = await get<{ decisions: DecisionAnswer[] }>(
      '/security/decisions?limit=1000',
      operator.key,
    );
    expect(new Set(decisions.map(({ agent_id }) => agent_id))).toEqual(new Set(['labs/planner']));
    const question = { principal: 'role:caller', action: 'run_agent', resource: 'labs/planner' };
    const preview = (resource: string) =>
      send('POST', '/security/preview', { key: operator.key, body: { ...question, resource } });
    expect((await preview('labs/planner')).status).toBe(200);
    expect((await preview('default/sampleagent')).status).toBe(403);
  });

  test.each([
    ['GET', '/security/keys'],
    ['POST', '/security/keys'],
    ['POST', '/security/refresh'],
    ['GET', '/admin/agents'],
  ])('may not %s %s', async (method, path) => {
    const body = method === 'POST' ? { role: 'caller' } : undefined;
    expect((await send(method, path, { key: operator.key, body })).status).toBe(403);
  });
});

test('an admin of one namespace sees the agents and runs of it, and nothing that is about all', async () => {
  const { key } = await makeKey({ name: 'labs-admin', role: 'admin', namespaces: ['labs'] });
  expect((await ask(bob.key, 'labs/planner')).status).toBe(200);
  expect((await ask(gateway.key)).status).toBe(200);
  const { agents } = await get<{ agents: { id: string }[] }>('/admin/agents', key);
  expect(agents.map(({ id }) => id)).toEqual(['labs/planner']);
  const { runs } = await get<{ runs: { agent_id: string }[] }>('/admin/runs', key);
  expect(new Set(runs.map((run) => run.agent_id))).toEqual(new Set(['labs/planner']));
  for (const path of ['/admin/agents/errors', '/admin/upstreams', '/metrics']) {
    expect([path, (await send('GET', path, { key })).status]).toEqual([path, 403]);
  }
});

describe('a preview', () => {
  test('is no decision and changes nothing', async () => {
    const dave = await makeKey({ name: 'dave', role: 'caller' });
    const draft_override = {
      principal: 'dave',
      action: 'run_agent',
      resource: '*',
      effect: 'allow',
    };
    const question = { action: 'run_agent', resource: 'default/sampleagent', draft_override };
    const preview = await post<PreviewAnswer>('/security/preview', 200, {
      key_id: dave.id,
      ...question,
    });
    expect([preview.before?.decision, preview.after?.decision]).toEqual(['deny', 'allow']);
    expect(preview.changes).toContainEqual({
      principal: { type: 'key', id: dave.id, name: 'dave' },
      agent_id: null,
      action: 'run_agent',
      resource: 'default/sampleagent',
      before: 'deny',
      after: 'allow',
    });
    const asked = await ask(alice.key);
    await until('a later decision to be kept', async () => {
      return (await decisionsOf(`request_id=${asked.requestId}`)).decisions[0];
    });
    expect((await decisionsOf(`key_id=${dave.id}`)).decisions).toEqual([]);
    expect((await ask(dave.key)).status).toBe(404);
  });
});

test('the command line permits and stops on a running gateway', async () => {
  const run = inProcessCli(gateway.project.root);
  const deny = ['deny', 'run_agent', 'labs/planner', '--principal', 'bob', '--reason', 'Stop.'];
  const made = await run('security', 'override', ...deny, '--ttl', '1h', '--json');
  await until(
    'the override to hold',
    async () => (await ask(bob.key, 'labs/planner')).status === 404,
  );
  await run('security', 'revoke', JSON.parse(made.out).id);
  await until('the override to be ended', async () => {
    return (await ask(bob.key, 'labs/planner')).status === 200;
  });
});

describe('keys over HTTP', () => {
  test('are made, rotated with an overlap and revoked, each at once', async () => {
    const old = await makeKey({ name: 'carol', role: 'caller', namespaces: ['labs'] });
    const next = await post<KeyAnswer & { key: string }>(`/security/keys/${old.id}/rotate`, 201, {
      overlap_seconds: 3600,
    });
    expect(next).toMatchObject({ name: 'carol', namespaces: ['labs'], rotated_from: old.id });
    for (const { key } of [old, next]) {
      expect((await ask(key, 'labs/planner')).status).toBe(200);
    }
    const revoked = await send('DELETE', `/security/keys/${next.id}`);
    expect(await revoked.json()).toMatchObject({ id: next.id, state: 'revoked' });
    expect((await ask(next.key, 'labs/planner')).status).toBe(401);
    const { keys } = await get<{ keys: KeyAnswer[] }>('/security/keys');
    const states = new Map(keys.map(({ id, state }) => [id, state]));
    expect([states.get(old.id), states.get(next.id)]).toEqual(['active', 'revoked']);
    expect(JSON.stringify(keys)).not.toContain(old.key.slice(3));
    expect((await send('DELETE', '/security/keys/key_nobody')).status).toBe(404);
  });
});

describe('POST /security/refresh', () => {
  test('takes rules that changed, and keeps the old ones where the new are wrong', async () => {
    const rule = (when: string) =>
      `    - { id: not-now, effect: deny, action: run_agent, principals: [bob], resources: ["labs/*"], when: '${when}' }\n`;
    await gateway.project.write({ 'gateway.yaml': settings + rule('true') });
    expect(await post('/security/refresh', 200)).toMatchObject({ kept: false, findings: [] });
    expect((await ask(bob.key, 'labs/planner')).status).toBe(404);
    await gateway.project.write({ 'gateway.yaml': settings + rule('context.hour +') });
    const wrong = await post<{ kept: boolean; findings: unknown[] }>('/security/refresh', 200);
    expect(wrong).toMatchObject({ kept: true, findings: [{ line: 7, severity: 'error' }] });
    expect((await ask(bob.key, 'labs/planner')).status).toBe(404);
  });
});

test('while the store takes no changes, nothing is changed and keys go on working', async () => {
  const file = join(gateway.project.root, '.dropgate/gateway.db');
  // The gateway may be writing just now.
  const other = new DatabaseSync(file, { timeout: patienceMs });
  other.exec('BEGIN IMMEDIATE');
  try {
    const refused = await send('POST', '/security/keys', { body: { role: 'admin' } });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await refused.json()).toMatchObject({ error: { code: 'store_unavailable' } });
    expect((await ask(gateway.key)).status).toBe(200);
  } finally {
    other.exec('ROLLBACK');
    other.close();
  }
});

function saying(text: string): string {
  return `export const agent = { run: async () => '${text}' };\n`;
}

async function ask(key: string, model = 'default/sampleagent') {
  const { status, content, error, headers } = await call(gateway, key, { model });
  const requestId = headers.get('x-request-id') ?? '';
  return { status, content, code: error?.code ?? null, requestId };
}

function send(
  method: string,
  path: string,
  { key = gateway.key, body }: { key?: string; body?: object | undefined } = {},
): Promise<Response> {
  return fetch(`${gateway.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

async function post<Answer>(path: string, status: number, body?: object, key?: string) {
  const response = await send('POST', path, { body, ...(key ? { key } : {}) });
  const answer = (await response.json()) as Answer;
  expect([response.status, answer]).toEqual([status, answer]);
  return answer;
}

async function get<Answer>(path: string, key?: string): Promise<Answer> {
  const response = await send('GET', path, key ? { key } : {});
  expect(response.status).toBe(200);
  return (await response.json()) as Answer;
}

function makeKey(body: object): Promise<KeyAnswer & { key: string }> {
  return post('/security/keys', 201, body);
}

/** Lets alice run the sample for so long. */
function overrideFor(seconds: number): Promise<OverrideAnswer> {
  return post('/security/override', 201, {
    principal: 'alice',
    action: 'run_agent',
    resource: 'default/sampleagent',
    effect: 'allow',
    ttl_seconds: seconds,
    reason: 'Demo at noon.',
  });
}

function previewOf(keyId: string): Promise<PreviewAnswer> {
  const question = { action: 'run_agent', resource: 'default/sampleagent' };
  return post('/security/preview', 200, { key_id: keyId, ...question });
}

function decisionsOf(query: string): Promise<{ decisions: DecisionAnswer[] }> {
  return get(`/security/decisions?${query}`);
}
