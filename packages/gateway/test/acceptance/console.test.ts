import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inProcessCli } from '../support/in-process-cli.ts';
import { startGateway, type TestGateway } from './harness.ts';
import { until } from './until.ts';

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway();
});

afterAll(() => gateway?.stop());

type Session = {
  readonly csrf_token: string;
  readonly key: { readonly id: string; readonly name: string };
  readonly role: string;
};

/** What a page of the console would send: the cookie, and no key. */
function page(path: string, init: RequestInit & { cookie?: string } = {}): Promise<Response> {
  const { cookie, headers, ...rest } = init;
  return fetch(`${gateway.url}${path}`, {
    ...rest,
    headers: { ...(cookie ? { cookie } : {}), ...headers },
  });
}

function send(path: string, body: unknown, headers: Record<string, string> = {}) {
  return page(path, {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json', ...headers },
  });
}

async function logIn(login: { readonly key: string } | { readonly code: string }) {
  const answer = await send('/console/session', login);
  expect(answer.status).toBe(200);
  const [cookie = ''] = answer.headers.getSetCookie();
  return {
    cookie: cookie.split(';', 1)[0] ?? '',
    set: cookie,
    session: await bodyOf<Session>(answer),
  };
}

async function bodyOf<Body>(answer: Response): Promise<Body> {
  return (await answer.json()) as Body;
}

async function refusal(answer: Response) {
  const { error } = await bodyOf<{ error: { code: string; message: string } }>(answer);
  return { status: answer.status, code: error.code, message: error.message };
}

async function newKey(role: string): Promise<{ readonly id: string; readonly key: string }> {
  const made = await gateway.fetch('/security/keys', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ role }),
  });
  return bodyOf(made);
}

describe('a login', () => {
  test('is made with a key, counts in its place, and ends when it is logged out', async () => {
    const { cookie, set, session } = await logIn({ key: gateway.key });
    expect(set).toMatch(
      /^dropgate_\d+=[\w-]{43}; Path=\/; Max-Age=4\d{4}; HttpOnly; SameSite=Strict$/,
    );
    expect(session).toMatchObject({ role: 'admin', key: { name: 'dev' } });
    expect(await bodyOf<Session>(await page('/console/session', { cookie }))).toMatchObject({
      csrf_token: session.csrf_token,
    });
    expect((await page('/admin/agents', { cookie })).status).toBe(200);
    const csrf = { 'x-csrf-token': session.csrf_token };
    const out = await page('/console/session', { method: 'DELETE', cookie, headers: csrf });
    expect([out.status, out.headers.getSetCookie()[0]]).toEqual([
      204,
      expect.stringMatching(/^dropgate_\d+=; Path=\/; Max-Age=0;/),
    ]);
    expect(await refusal(await page('/v1/models', { cookie }))).toEqual({
      status: 401,
      code: 'session_expired',
      message: 'The login has ended. Log in to the console again.',
    });
  });

  test('is not made with what is no key, with a token, or with one that may only scrape', async () => {
    const codes = async (login: unknown) => {
      const { status, code } = await refusal(await send('/console/session', login));
      return [status, code];
    };
    expect(await codes({ key: `dg_${'x'.repeat(43)}` })).toEqual([401, 'invalid_api_key']);
    expect(await codes({ key: 'eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJhIn0.c2ln' })).toEqual([
      401,
      'invalid_api_key',
    ]);
    expect(await codes({ code: 'never-made' })).toEqual([401, 'invalid_api_key']);
    expect(await codes({ key: (await newKey('metrics')).key })).toEqual([403, 'permission_denied']);
    expect(await codes({ key: gateway.key, code: 'both' })).toEqual([400, null]);
    expect(await codes({})).toEqual([400, null]);
  });

  test('may do what its key may, until that is revoked', async () => {
    const caller = await newKey('caller');
    const { cookie, session } = await logIn({ key: caller.key });
    expect(session).toMatchObject({ role: 'caller', key: { id: caller.id } });
    expect((await page('/v1/models', { cookie })).status).toBe(200);
    expect((await page('/admin/agents', { cookie })).status).toBe(403);
    const operator = await logIn({ key: (await newKey('operator')).key });
    expect(operator.session.role).toBe('operator');
    await gateway.fetch(`/security/keys/${caller.id}`, { method: 'DELETE' });
    const ended = await until('the end of the login', async () => {
      const answer = await page('/v1/models', { cookie });
      return answer.status === 401 && answer;
    });
    expect(await refusal(ended)).toMatchObject({
      code: 'invalid_api_key',
      message:
        'The key of this login was revoked or has expired. Log in to the console with another key.',
    });
  });

  test('changes nothing without the token of its page', async () => {
    const { cookie, session } = await logIn({ key: gateway.key });
    const refresh = (headers: Record<string, string>) =>
      page('/admin/agents/refresh', { method: 'POST', cookie, headers });
    expect(await refusal(await refresh({}))).toMatchObject({
      status: 403,
      code: 'csrf_token_invalid',
    });
    const other = await logIn({ key: gateway.key });
    for (const token of ['', 'wrong', other.session.csrf_token]) {
      expect((await refresh({ 'x-csrf-token': token })).status).toBe(403);
    }
    expect((await refresh({ 'x-csrf-token': session.csrf_token })).status).toBe(200);
  });

  test('is of no use to pages of other sites, and never stands beside a key', async () => {
    const { cookie, session } = await logIn({ key: gateway.key });
    const csrf = { 'x-csrf-token': session.csrf_token };
    const foreign = [
      { origin: 'https://evil.example' },
      { origin: 'null' },
      { origin: gateway.url.replace(/\d+$/, '1') },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site', origin: gateway.url },
    ];
    for (const headers of foreign) {
      const answer = await page('/v1/models', { cookie, headers: { ...csrf, ...headers } });
      expect(await refusal(answer)).toMatchObject({ status: 401, code: 'missing_api_key' });
      expect((await send('/console/session', { key: gateway.key }, headers)).status).toBe(401);
    }
    const own = { origin: gateway.url, 'sec-fetch-site': 'same-origin' };
    expect((await page('/v1/models', { cookie, headers: own })).status).toBe(200);
    const wrong = { authorization: 'Bearer dg_wrong' };
    expect((await page('/v1/models', { cookie, headers: wrong })).status).toBe(401);
    const caller = { authorization: `Bearer ${(await newKey('caller')).key}` };
    await until('the key', async () => (await page('/v1/models', { headers: caller })).ok);
    expect((await page('/admin/agents', { cookie, headers: caller })).status).toBe(403);
    const unasked = await page('/console/session', { headers: caller });
    expect(await refusal(unasked)).toMatchObject({ status: 400 });
  });
});

test('a link of the start, or of the command, logs in once; only the first outlives the gateway', async () => {
  const link = /Console at (\S+)\/console\/#code=([\w-]{43})/;
  const [, origin, code = ''] = link.exec(gateway.logs()) ?? [];
  expect(origin).toBe(gateway.url);
  const byStart = await logIn({ code });
  expect(byStart.session.key.name).toBe('dev');
  expect(await refusal(await send('/console/session', { code }))).toMatchObject({
    status: 401,
    code: 'invalid_api_key',
    message: 'The link was used before or has expired. Run `dropgate console` for a new one.',
  });
  const { out } = await inProcessCli(gateway.project.root)('console', '--json');
  const { url } = JSON.parse(out) as { url: string };
  const byCommand = await logIn({ code: url.replace(/^.*#code=/, '') });
  expect(byCommand.session).toMatchObject({ role: 'admin', key: { id: 'local_cli' } });

  const { port } = new URL(gateway.url);
  const { project } = gateway;
  await gateway.end('SIGTERM');
  gateway = await startGateway({ project, env: { GATEWAY_PORT: port } });
  const { cookie } = byStart;
  expect((await page('/console/session', { cookie })).status).toBe(200);
  expect(await refusal(await page('/console/session', { cookie: byCommand.cookie }))).toMatchObject(
    {
      code: 'session_expired',
    },
  );
});

describe('the pages', () => {
  const html = async (path: string) => {
    const answer = await page(path);
    return { answer, text: await answer.text() };
  };

  test('may not be framed, run only what is theirs, and have another nonce each time', async () => {
    const [{ answer, text }, other] = [await html('/console'), await html('/console/')];
    const [, nonce = ''] = /name="csp-nonce" content="([\w-]{22})"/.exec(text) ?? [];
    expect(other.text).not.toContain(nonce);
    expect(answer.headers.get('content-security-policy')).toBe(
      `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types dompurify`,
    );
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
  });

  test('are one page at every address, and files that are theirs, compressed as they are asked for', async () => {
    const { text } = await html('/console/agents/default/a.b?tab=runs');
    const [, script = ''] = /src="(\/console\/assets\/[^"]+\.js)"/.exec(text) ?? [];
    const forms = ['br, gzip', 'gzip', 'br;q=0, identity'].map(async (accepted) => {
      const { headers } = await page(script, { headers: { 'accept-encoding': accepted } });
      return [headers.get('content-encoding'), headers.get('vary'), headers.get('cache-control')];
    });
    const kept = 'public, max-age=31536000, immutable';
    expect(await Promise.all(forms)).toEqual([
      ['br', 'accept-encoding', kept],
      ['gzip', 'accept-encoding', kept],
      [null, 'accept-encoding', kept],
    ]);
    expect(await refusal(await page('/console/assets/gone.js'))).toMatchObject({
      status: 404,
      code: 'unknown_url',
    });
  });

  test('lead to no other file', async () => {
    const paths = [
      '/console/..%2f..%2fpackage.json',
      '/console/%2e%2e/%2e%2e/package.json',
      '/console/assets/..%2f..%2f..%2fpackage.json',
      '/console/%2fetc%2fpasswd',
      '/console/index.html%00',
      '/console/assets/index.js.br',
    ];
    for (const path of paths) {
      const { text } = await html(path);
      expect(text).not.toMatch(/"name": "dropgate"|root:/);
    }
  });
});
