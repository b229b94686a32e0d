import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { fakeGateway, hello, secrets } from '../../../test/support/http-fakes.ts';
import type { ConsoleSession } from '../../policy/sessions/session.ts';
import type { KeyHolder } from '../../protocol/policy.ts';
import { createApp } from '../app.ts';
import type { HttpDeps } from '../deps.ts';

const secret = 's'.repeat(43);

/** A console with one login, which lasts until the test ends it. */
function fakeConsole() {
  const life = { isOver: false };
  const sessionOf = (holder: KeyHolder): ConsoleSession => ({
    secret,
    holder,
    csrfToken: 'csrf',
    endsAtSeconds: 4_000_000_000,
    idleEndsAtSeconds: 4_000_000_000,
  });
  const role = 'admin';
  const holder = {
    keyId: 'key_admin',
    keyName: role,
    role,
    namespaces: null,
    agents: null,
  } as const;
  const console: HttpDeps['console'] = {
    isOn: () => true,
    folder: '/nowhere',
    build: async () => ({ state: 'built' }),
    sessions: {
      begin: async (of) => sessionOf(of),
      use: async () => sessionOf(holder),
      isLive: async () => !life.isOver,
      end: async () => undefined,
      newLink: async () => ({ code: 'once', endsAtSeconds: 1_800_000_000 }),
      redeem: async () => sessionOf(holder),
      sweep: async () => undefined,
    },
  };
  return { console, life };
}

test('a console that is off says how it is turned on, at each of its addresses', async () => {
  const app = createApp(fakeGateway());
  const answers = await Promise.all([
    app.inject({ url: '/console' }),
    app.inject({ url: '/console/assets/index.js' }),
    app.inject({ method: 'POST', url: '/console/session', payload: { key: secrets.admin } }),
  ]);
  for (const { statusCode, body } of answers) {
    expect(statusCode).toBe(404);
    expect(JSON.parse(body).error).toMatchObject({
      code: 'unknown_url',
      message:
        'The console is off. Set console.enabled: true in gateway.yaml and start the gateway again.',
    });
  }
});

test('a console that is not built says so, and what its build printed is text', async () => {
  const { console } = fakeConsole();
  const page = async (build: HttpDeps['console']['build']) => {
    const app = createApp(fakeGateway({ console: { ...console, build } }));
    const { headers, body } = await app.inject({ url: '/console/runs' });
    return { policy: headers['content-security-policy'], body };
  };
  const waiting = await page(async () => ({ state: 'building' }));
  expect(waiting.body).toContain('<h1>The console is being built</h1>');
  expect(waiting.policy).toMatch(/^default-src 'none';.* script-src 'sha256-[\w+/=]{44}'$/);
  const output = '<script>alert(1)</script>';
  const failed = await page(async () => ({ state: 'failed', output }));
  expect(failed.body).toContain('<pre>&lt;script&gt;alert(1)&lt;/script&gt;</pre>');
  expect(failed.policy).not.toContain('script-src');
});

test('behind a proxy with https the cookie is bound to the host, and no other counts', async () => {
  const gateway = fakeGateway({ settings: { trustProxy: true }, console: fakeConsole().console });
  const app = createApp(gateway);
  const forwarded = {
    host: 'gateway:8080',
    'x-forwarded-proto': 'https',
    'x-forwarded-host': 'agents.example.com',
    origin: 'https://agents.example.com',
  };
  const payload = { key: secrets.admin };
  const made = await app.inject({
    method: 'POST',
    url: '/console/session',
    headers: forwarded,
    payload,
  });
  expect(made.headers['set-cookie']).toMatch(
    /^__Host-dropgate=s{43}; Path=\/; Max-Age=\d+; HttpOnly; SameSite=Strict; Secure$/,
  );
  const status = async (cookie: string, origin = forwarded.origin) =>
    (await app.inject({ url: '/v1/models', headers: { ...forwarded, origin, cookie } })).statusCode;
  expect(await status(`a=b; __Host-dropgate=${secret}`)).toBe(200);
  expect(await status(`dropgate=${secret}`)).toBe(401);
  expect(await status(`__Host-dropgate=${secret}`, 'http://agents.example.com')).toBe(401);
  expect(await status(`__Host-dropgate=${secret}x`)).toBe(401);
});

test('the cookie counts for no page but its own, however the browser says where a page is from', async () => {
  const app = createApp(fakeGateway({ console: fakeConsole().console }));
  const status = async (site: string) => {
    const headers = { cookie: `dropgate=${secret}`, host: 'gateway', 'sec-fetch-site': site };
    return (await app.inject({ url: '/v1/models', headers })).statusCode;
  };
  expect([await status('same-origin'), await status('none')]).toEqual([200, 200]);
  for (const site of ['cross-site', 'same-site', 'CROSS-SITE', 'same-origin, cross-site', '']) {
    expect(await status(site)).toBe(401);
  }
});

test('a login counts as a request of its key', async () => {
  const full = { isExceeded: true, limit: 1, remaining: 0, resetMs: 2000 };
  const limits = { countRequest: async () => full, checkRun: () => undefined };
  const app = createApp(fakeGateway({ console: fakeConsole().console, limits }));
  const logIn = { method: 'POST', url: '/console/session' } as const;
  const { statusCode, headers } = await app.inject({ ...logIn, payload: { key: secrets.admin } });
  expect([statusCode, headers['retry-after'], headers['set-cookie']]).toEqual([
    429,
    '2',
    undefined,
  ]);
});

test('a link names an address that can be opened where the gateway listens at all of them', async () => {
  const app = createApp(fakeGateway({ console: fakeConsole().console }));
  const link = async (host: string) => {
    const headers = { host, authorization: `Bearer ${secrets.admin}` };
    return (await app.inject({ method: 'POST', url: '/console/links', headers })).json();
  };
  expect(await link('0.0.0.0:8080')).toEqual({
    url: 'http://127.0.0.1:8080/console/#code=once',
    expires_at: '2027-01-15T08:00:00.000Z',
  });
  expect((await link('[::]:8080')).url).toBe('http://[::1]:8080/console/#code=once');
});

test('a stream ends when the login that it is for ends', async () => {
  const { console, life } = fakeConsole();
  const gateway = fakeGateway({
    console,
    async *says(signal) {
      yield* hello.slice(0, 1);
      if (!signal.aborted) await once(signal, 'abort');
    },
  });
  const app = createApp(gateway);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => app.close());
  const answer = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      cookie: `dropgate_${new URL(url).port}=${secret}`,
      'x-csrf-token': 'csrf',
    },
    body: JSON.stringify({
      model: 'default/echo',
      stream: true,
      messages: [{ role: 'user', content: 'Hi.' }],
    }),
  });
  expect(answer.status).toBe(200);
  life.isOver = true;
  await expect(answer.text()).rejects.toThrow('terminated');
  await gateway.firstCancel;
});
