import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RunPage } from '../../src/protocol/admin/runs-answer.ts';
import type { DecisionAnswer } from '../../src/protocol/security/answers.ts';
import type { WhoamiAnswer } from '../../src/protocol/security/whoami.ts';
import { startCli } from '../support/cli-process.ts';
import { inProcessCli } from '../support/in-process-cli.ts';
import { type OidcProvider, startOidcProvider } from '../support/oidc-provider.ts';
import { keySetOf, newIssuerKey, sign } from '../support/token-issuer.ts';
import { call, post } from './call.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { until } from './until.ts';

const audience = 'https://dropgate.example';

let provider: OidcProvider;
let gateway: TestGateway;
/** Access tokens, by who signed in. */
let alice: string;
let root: string;

beforeAll(async () => {
  provider = await startOidcProvider(audience, {
    'alice@example.com': { name: 'Alice A.', groups: ['staff'] },
    'root|7': { name: 'Root', groups: ['staff', 'gateway-admins'] },
    mallory: { name: 'alice@example.com', groups: ['visitors'] },
  });
  gateway = await startGateway({
    files: {
      'gateway.yaml': settings(),
      'src/agents/Who/agent.ts': `export const agent = {
  run: async ({ context }) => JSON.stringify(context.key),
};
`,
      'src/agents/Waits/agent.ts': `export const agent = {
  run: ({ signal }) => new Promise((_, fail) => signal.addEventListener('abort', () => fail(signal.reason))),
};
`,
      'src/agents/Thinker/agent.ts': `import { Agent } from '@openai/agents';
export const agent = new Agent({ name: 'Thinker', instructions: 'Think.' });
`,
      'src/agents/labs/Secret/agent.ts': `export const agent = { run: async () => 'Secret.' };\n`,
    },
  });
  [alice, root] = await Promise.all([
    provider.signIn('alice@example.com'),
    provider.signIn('root|7'),
  ]);
});

afterAll(async () => {
  await gateway?.stop();
  await provider?.[Symbol.asyncDispose]();
});

function settings(
  over: { readonly role?: string; readonly rules?: string; readonly keys?: string } = {},
): string {
  const role = over.role ?? '{ claim: groups, map: { staff: caller, gateway-admins: admin } }';
  return `worker: { spares: 0 }
auth:
  jwt:
    - name: corp
      issuer: ${provider.issuer}
      audience: ${audience}
      ${over.keys ?? `jwks_url: ${provider.jwksUrl}`}
      role: ${role}
      namespaces: { claim: groups, map: { staff: [default], gateway-admins: [default, labs] } }
      limits:
        requests_per_minute: { claim: plan, map: { slow: 2 }, default: 10000 }
        tokens_per_day: { claim: plan, map: { tiny: 1 }, default: 1000000 }
        concurrent_runs: { claim: plan, map: { single: 1 }, default: 100 }
security:
  rules:
    - { id: keys-of-alice, effect: allow, action: administer, principals: ["Alice A.", "*A."], resources: ["*"] }
${over.rules ?? ''}`;
}

const person = 'oidc:corp:alice@example.com';

describe('somebody who signed in', () => {
  let requestId = '';

  test('asks an agent with the access token, and the agent knows who it is', async () => {
    const answer = await call(gateway, alice, { model: 'default/who' });
    expect(answer).toMatchObject({ status: 200 });
    expect(JSON.parse(answer.content)).toEqual({ id: person, name: 'Alice A.' });
    requestId = answer.headers.get('x-request-id') ?? '';
  });

  test('is named by the decision, the run and the usage', async () => {
    const [decision] = await until('the decision to be kept', async () => {
      const path = `/security/decisions?request_id=${requestId}&action=run_agent`;
      const { decisions } = await get<{ decisions: DecisionAnswer[] }>(path);
      return decisions.length > 0 && decisions;
    });
    expect(decision).toMatchObject({ key_id: person, role: 'caller', effect: 'allow' });
    const byKey = `key=${encodeURIComponent(person)}`;
    const { runs } = await get<RunPage>(`/admin/runs?${byKey}`);
    expect(runs).toMatchObject([{ key_id: person, request_id: requestId, outcome: 'finished' }]);
    const usage = await get<{ usage: object[] }>('/admin/usage?by=key');
    expect(JSON.stringify(usage)).toContain(person);
    const run = inProcessCli(gateway.project.root);
    const kept = await run('security', 'decisions', '--key', person, '--json');
    expect(JSON.parse(kept.out).decisions.length).toBeGreaterThan(0);
    expect((await run('runs', 'list', '--key', person)).out).toContain(person);
  });

  test('is told who it is', async () => {
    expect(await get<WhoamiAnswer>('/security/whoami', alice)).toEqual({
      id: person,
      name: 'Alice A.',
      role: 'caller',
      namespaces: ['default'],
      agents: null,
      limits: {
        requests_per_minute: 10_000,
        concurrent_runs: 100,
        tokens_per_day: 1_000_000,
        tokens_per_month: null,
        usd_per_day: null,
        usd_per_month: null,
      },
      issuer: 'corp',
      expires_at: expect.stringMatching(/^20\d\d-/),
    });
    expect(await get<WhoamiAnswer>('/security/whoami')).toMatchObject({
      role: 'admin',
      issuer: null,
    });
  });

  test('sees and runs what its groups reach, and administers nothing', async () => {
    const { data } = await get<{ data: { id: string }[] }>('/v1/models', alice);
    expect(data.map(({ id }) => id)).toEqual(['default/thinker', 'default/waits', 'default/who']);
    expect((await call(gateway, alice, { model: 'labs/secret' })).status).toBe(404);
    // A rule that allows it to a name is about keys: names in tokens are nobody's proof.
    expect((await send('/admin/agents', alice)).status).toBe(403);
    expect((await send('/security/keys', alice)).status).toBe(403);
  });

  test('administers where its group is mapped to admin', async () => {
    expect((await call(gateway, root, { model: 'labs/secret' })).content).toBe('Secret.');
    expect((await send('/security/decisions', root)).status).toBe(200);
    expect(await get<WhoamiAnswer>('/security/whoami', root)).toMatchObject({
      id: 'oidc:corp:root%7C7',
      role: 'admin',
    });
  });

  test('without a group that is mapped is refused, whatever it is called', async () => {
    const mallory = await provider.signIn('mallory');
    const refused = await call(gateway, mallory, { model: 'default/who' });
    expect(refused).toMatchObject({ status: 403, error: { code: 'permission_denied' } });
  });
});

describe('a token', () => {
  test('that is not taken is refused with the reason', async () => {
    const expired = await sign(provider.key, claims({ exp: 1000 }));
    const refused = await send('/v1/models', expired);
    expect([refused.status, refused.headers.get('www-authenticate')]).toEqual([
      401,
      'Bearer error="invalid_token"',
    ]);
    expect(await refused.json()).toEqual({
      error: {
        message: 'The token has expired. Get a new one.',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_token',
      },
    });
    const other = await send('/v1/models', await sign(provider.key, claims({ aud: 'other' })));
    expect(await other.json()).toMatchObject({
      error: { message: 'The token is for another audience than this gateway.' },
    });
    const huge = await send('/v1/models', `${'a'.repeat(9000)}.b.c`);
    expect(await huge.json()).toMatchObject({
      error: { message: 'The token is longer than 8192 characters.' },
    });
  });

  test('keeps to the limits that its claims give, each caller for itself', async () => {
    const slow = await sign(provider.key, claims({ sub: 'slow', plan: 'slow' }));
    const answers = [await send('/v1/models', slow), await send('/v1/models', slow)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const refused = await send('/v1/models', slow);
    expect([refused.status, refused.headers.get('x-ratelimit-limit-requests')]).toEqual([429, '2']);
    const other = await sign(provider.key, claims({ sub: 'slow2', plan: 'slow' }));
    expect((await send('/v1/models', other)).status).toBe(200);
  });

  test('has as many runs at once as its claims give', async () => {
    const single = await sign(provider.key, claims({ sub: 'single', plan: 'single' }));
    const left = new AbortController();
    const body = JSON.stringify({
      model: 'default/waits',
      messages: [{ role: 'user', content: 'Hi' }],
    });
    const waiting = post(gateway, single, body, left.signal).catch(() => 'left');
    const statusOf = async () => (await call(gateway, single, { model: 'default/who' })).status;
    await until('the first run to go on', async () => (await statusOf()) === 429);
    left.abort();
    expect(await waiting).toBe('left');
    await until('its place to be free', async () => (await statusOf()) === 200);
  });

  test('spends from a budget of its caller', async () => {
    const tiny = await sign(provider.key, claims({ sub: 'tiny', plan: 'tiny' }));
    const refused = await call(gateway, tiny, { model: 'default/thinker' });
    expect(refused).toMatchObject({ status: 429, error: { code: 'insufficient_quota' } });
    expect((await call(gateway, alice, { model: 'default/thinker' })).status).toBe(200);
  });

  test('is stopped by an override of its principal, which is what revokes it', async () => {
    const bob = await sign(provider.key, claims());
    expect((await call(gateway, bob, { model: 'default/who' })).status).toBe(200);
    const run = inProcessCli(gateway.project.root);
    const wanted = ['deny', 'run_agent', '*', '--principal', 'oidc:corp:bob'];
    const made = await run('security', 'override', ...wanted, '--reason', 'Left.', '--json');
    expect(made.err).not.toContain('warning');
    const misspelt = ['deny', 'run_agent', '*', '--principal', 'oidc:crop:bob', '--ttl', '1s'];
    expect((await run('security', 'override', ...misspelt, '--reason', 'Left.')).err).toContain(
      'warning: No issuer of tokens has the name crop: see `auth.jwt`.',
    );
    await until(
      'the override to hold',
      async () => (await call(gateway, bob, { model: 'default/who' })).status === 404,
    );
    expect((await call(gateway, alice, { model: 'default/who' })).status).toBe(200);
    const body = { key_id: 'oidc:corp:bob', action: 'run_agent', resource: 'default/who' };
    const preview = await fetch(`${gateway.url}/security/preview`, {
      method: 'POST',
      headers: { authorization: `Bearer ${gateway.key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(await preview.json()).toMatchObject({
      decision: 'deny',
      rule: { id: JSON.parse(made.out).id },
    });
    await run('security', 'revoke', JSON.parse(made.out).id);
  });
});

describe('dropgate security', () => {
  const run = (...args: string[]) => inProcessCli(gateway.project.root)('security', ...args);

  test('whoami tells what a token is good for', async () => {
    await gateway.project.write({ 'token.jwt': `${alice}\n` });
    const found = await run('whoami', '--token-file', 'token.jwt');
    expect([found.code, found.err]).toEqual([0, '']);
    expect(found.out).toMatch(
      /^principal {3}oidc:corp:alice@example.com\nname {8}Alice A.\nrole {8}caller\nnamespaces {2}default\nagents {6}all\nlimits {6}requests_per_minute=10000, concurrent_runs=100, tokens_per_day=1000000\nissuer {6}corp\nexpires {5}20/,
    );
    const asJson = await run('whoami', '--token', root, '--json');
    expect(JSON.parse(asJson.out)).toMatchObject({
      accepted: true,
      id: 'oidc:corp:root%7C7',
      role: 'admin',
    });
  });

  test('whoami tells why a token is not taken, with what was found in it', async () => {
    const other = await sign(provider.key, claims({ aud: 'other', exp: 1000 }));
    const refused = await run('whoami', '--token', other, '--json');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.out)).toMatchObject({
      accepted: false,
      code: 'token_invalid',
      message: 'The token is for another audience than this gateway.',
      detail: { iss: provider.issuer, aud: 'other', exp: 1000, wanted: { audience: [audience] } },
    });
    const text = await run('whoami', '--token', 'a.b.c');
    expect(text.out).toBe(
      'Not taken (token_invalid): What was sent is neither an API key nor a JSON Web Token that can be read.\n',
    );
    const none = await run('whoami', '--token', '');
    expect([none.code, none.err]).toEqual([
      2,
      'error: There is no key or token. Give --token-file <file>, or send it to the standard input.\n',
    ]);
  });

  test('whoami reads the standard input where it is told nothing else', async () => {
    const command = startCli(gateway.project.root, ['security', 'whoami']);
    command.child.stdin.end(`Bearer ${alice}\n`);
    expect(await command.ended).toMatchObject({
      code: 0,
      out: expect.stringContaining(`principal   ${person}`),
    });
  });

  test('whoami tells of a key, too', async () => {
    const found = await run('whoami', '--token', gateway.key, '--json');
    expect(JSON.parse(found.out)).toMatchObject({ accepted: true, role: 'admin', issuer: null });
    const unknown = await run('whoami', '--token', 'dg_nobody');
    expect([unknown.code, unknown.out]).toEqual([
      1,
      'Not taken (key_invalid): No key here has this secret.\n',
    ]);
  });

  test('preview answers for the holder of a token', async () => {
    const ask = ['run_agent', 'labs/secret', '--token-file', 'token.jwt', '--json'];
    const preview = await run('preview', ...ask);
    expect(JSON.parse(preview.out)).toMatchObject({ decision: 'deny', rule: { id: 'key-scopes' } });
    const unseen = await run('preview', 'run_agent', 'default/who', '--key', 'oidc:corp:nobody');
    expect([unseen.code, unseen.err]).toEqual([
      2,
      expect.stringContaining('Claims of its token decide what this caller may do'),
    ]);
  });
});

describe('settings', () => {
  test('that change hold without a restart, for tokens that were taken before too', async () => {
    expect((await send('/security/rules', alice)).status).toBe(403);
    await gateway.project.write({ 'gateway.yaml': settings({ role: 'operator' }) });
    await until(
      'the new role to hold',
      async () => (await send('/security/rules', alice)).status === 200,
    );
    const rule =
      '    - { id: not-alice, effect: deny, action: run_agent, principals: ["oidc:corp:alice@*"], resources: ["*"] }\n';
    await gateway.project.write({ 'gateway.yaml': settings({ rules: rule }) });
    await until(
      'the rule to hold',
      async () => (await call(gateway, alice, { model: 'default/who' })).status === 404,
    );
    expect((await call(gateway, root, { model: 'default/who' })).status).toBe(200);
    await gateway.project.write({ 'gateway.yaml': 'worker: { spares: 0 }\n' });
    await until('the issuer to be gone', async () => {
      const refused = await send('/v1/models', alice);
      return refused.status === 401 && ((await refused.json()) as object);
    });
    const second = await newIssuerKey('second');
    await gateway.project.write({
      'jwks.json': keySetOf(provider.key),
      'gateway.yaml': settings({ keys: 'jwks_file: jwks.json' }),
    });
    await until(
      'the issuer to be back',
      async () => (await send('/v1/models', alice)).status === 200,
    );
    await gateway.project.write({ 'jwks.json': keySetOf(second) });
    await until(
      'the file of keys to be read again',
      async () => (await send('/v1/models', alice)).status === 401,
    );
    const bob = await sign(second, claims());
    expect((await send('/v1/models', bob)).status).toBe(200);
    await gateway.project.write({ 'jwks.json': '{}' });
    const told = await until('what is wrong with the file to be told', async () => {
      const { errors } = await get<{ errors: { code: string; message: string }[] }>(
        '/admin/agents/errors',
      );
      return errors.find(({ code }) => code === 'issuer_keys_unreadable');
    });
    expect(told.message).toContain('It is no JSON Web Key Set');
    expect((await send('/v1/models', bob)).status).toBe(200);
  });
});

function claims(changes: object = {}) {
  return {
    iss: provider.issuer,
    aud: audience,
    sub: 'bob',
    groups: ['staff'],
    exp: Math.floor(Date.now() / 1000) + 600,
    ...changes,
  };
}

function send(path: string, key: string): Promise<Response> {
  return fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${key}` } });
}

async function get<Answer>(path: string, key = gateway.key): Promise<Answer> {
  return (await (await send(path, key)).json()) as Answer;
}
