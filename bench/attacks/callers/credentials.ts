import { setTimeout as wait } from 'node:timers/promises';
import { type Answer, ask, type Headers, json, notRefused } from '../ask.ts';
import { type Attack, told } from '../attack.ts';
import { until } from '../until.ts';
import type { VictimGateway } from '../victim.ts';
import { chat, enter, newKey, type World } from './world.ts';

/** What stands in `Authorization` where there is nobody. */
const nobodies = (key: string) => [
  '',
  ' ',
  'Bearer',
  'Bearer ',
  'Bearer  ',
  'Bearer null',
  'Bearer undefined',
  'Bearer None',
  'Bearer 0',
  'Bearer false',
  'Bearer *',
  'Bearer []',
  'Bearer {}',
  'Bearer dg_',
  'Bearer dg_*',
  `Bearer dg_${'A'.repeat(43)}`,
  `Bearer dg_${'\u0000'.repeat(1)}`.replace('\u0000', '%00'),
  `Bearer ${key.slice(0, -1)}`,
  `Bearer ${key}A`,
  `Bearer ${key},`,
  `Bearer "${key}"`,
  `Bearer ${key} ${key}`,
  `Bearer ${key.toUpperCase()}`,
  `Bearer ${key.replace('dg_', '')}`,
  `Basic ${Buffer.from(`:${key}`).toString('base64')}`,
  `Basic ${Buffer.from(`${key}:`).toString('base64')}`,
  `Token ${key}`,
  `Digest ${key}`,
  `Bearer:${key}`,
  'Bearer local_cli',
  'Bearer cli',
];

/** Other places in which some servers look for a key. */
const places = (key: string): Readonly<Record<string, Headers>> => ({
  'x-api-key': { 'x-api-key': key },
  'api-key': { 'api-key': key },
  'x-goog-api-key': { 'x-goog-api-key': key },
  'proxy-authorization': { 'proxy-authorization': `Bearer ${key}` },
  'x-forwarded-authorization': { 'x-forwarded-authorization': `Bearer ${key}` },
  'x-original-authorization': { 'x-original-authorization': `Bearer ${key}` },
  'a user of a proxy': { 'x-forwarded-user': 'admin', 'x-remote-user': 'admin', 'x-user': 'admin' },
  'a role of a proxy': { 'x-role': 'admin', 'x-key-id': 'local_cli', 'x-admin': 'true' },
  'this machine': {
    'x-forwarded-for': '127.0.0.1',
    'x-real-ip': '127.0.0.1',
    forwarded: 'for=::1',
  },
  'a cookie': { cookie: `dropgate=${key}; session=${key}; authorization=Bearer ${key}` },
});

export const nobody: Attack = {
  title: 'a credential that is none, is cut, or stands elsewhere, is taken for somebody',
  languages: ['node'],
  async attempt(_language, victim) {
    const { gateway, keys } = await enter(victim);
    const paths = ['/v1/models', '/admin/agents', '/metrics'];
    const given: Record<string, Headers> = {
      ...Object.fromEntries(
        nobodies(keys.admin).map((authorization, index) => [
          `${index} ${authorization.slice(0, 12)}`,
          { authorization },
        ]),
      ),
      ...places(keys.admin),
    };
    const queries = ['key', 'api_key', 'access_token', 'token', 'authorization'];
    const attempts = Object.fromEntries([
      ...Object.entries(given).flatMap(([name, headers]) =>
        paths.map((path) => [`${name} at ${path}`, () => ask(gateway, path, { headers })]),
      ),
      ...queries.map((name) => [
        `?${name}`,
        () => ask(gateway, `/v1/models?${name}=${keys.admin}`),
      ]),
    ]);
    return told(await notRefused(attempts, [400, 401]), Object.keys(attempts).length);
  },
};

/** Two credentials in one request: whoever stands in front may have looked at the other one. */
export const twice: Attack = {
  title: 'two credentials in one request are taken for one of the two',
  languages: ['node'],
  async attempt(_language, victim) {
    const { gateway, keys } = await enter(victim);
    const bearer = (key: string) => `Bearer ${key}`;
    const stranger = `dg_${'A'.repeat(43)}`;
    const pairs = {
      'a stranger, an admin': [stranger, keys.admin],
      'an admin, a stranger': [keys.admin, stranger],
      'a caller, an admin': [keys.caller, keys.admin],
      'an admin, a caller': [keys.admin, keys.caller],
      'the same twice': [keys.caller, keys.caller],
    };
    const open: string[] = [];
    for (const [name, both] of Object.entries(pairs)) {
      const authorization = both.map(bearer);
      const { status } = await ask(gateway, '/security/whoami', { headers: { authorization } });
      if (status === 200) open.push(name);
      const joined = await ask(gateway, '/security/whoami', {
        headers: { authorization: both.map(bearer).join(', ') },
      });
      if (joined.status === 200) open.push(`${name}, in one line`);
    }
    return told(open, 10);
  },
};

export const ended: Attack = {
  title: 'a key that expired, was revoked or was replaced opens something a moment later',
  languages: ['node'],
  async attempt(_language, victim) {
    const { gateway } = await enter(victim);
    const whoami = (key: string) => gateway.fetch('/security/whoami', { key });
    const expires_at = new Date(Date.now() + 3000).toISOString();
    const [short, left, replaced] = [
      await newKey(gateway, { role: 'admin', expires_at }),
      await newKey(gateway, { role: 'admin' }),
      await newKey(gateway, { role: 'admin' }),
    ];
    const before = await Promise.all([left, replaced].map(({ key }) => whoami(key)));
    await gateway.fetch(`/security/keys/${left.id}`, { method: 'DELETE' });
    await gateway.fetch(`/security/keys/${replaced.id}/rotate`, {
      method: 'POST',
      body: JSON.stringify({ overlap_seconds: 0 }),
    });
    const after = await Promise.all([left, replaced].map(({ key }) => whoami(key)));
    await wait(Math.max(0, Date.parse(expires_at) - Date.now()));
    const late = await whoami(short.key);
    // To make what has ended serve again.
    const revived = await gateway.fetch(`/security/keys/${left.id}/rotate`, { method: 'POST' });
    const changed = await gateway.fetch(`/security/keys/${left.id}`, {
      method: 'PATCH',
      body: JSON.stringify({ limits: { requests_per_minute: 5 } }),
    });
    const open = [
      ...(before.every(({ ok }) => ok) ? [] : ['they were no keys']),
      ...(after.every(({ status }) => status === 401) ? [] : ['revoked or replaced']),
      ...(late.status === 401 ? [] : ['expired']),
      ...(revived.ok ? ['rotated after its end'] : []),
      ...((await whoami(left.key)).status === 401 ? [] : [`revived by ${changed.status}`]),
    ];
    return told(open, 5);
  },
};

/** Everything secret that a gateway gives out, by its purpose. */
async function secretsOf({ gateway, keys, as }: World): Promise<Record<string, string>> {
  const tell = await as('caller', 'POST', '/v1/chat/completions', { body: chat('labs/teller') });
  const said = JSON.parse(tell.text) as { choices: [{ message: { content: string } }] };
  const { token } = JSON.parse(said.choices[0].message.content) as { token: string };
  const login = await ask(gateway, '/console/session', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ key: keys.admin }),
  });
  const { csrf_token } = JSON.parse(login.text) as { csrf_token: string };
  const link = await as('admin', 'POST', '/console/links', { body: {} });
  const code = new URL((JSON.parse(link.text) as { url: string }).url).hash.slice('#code='.length);
  const kept = await as('caller', 'POST', '/v1/responses', {
    body: { model: 'labs/open', input: 'Hi' },
  });
  return {
    'token of a worker': token,
    'cookie of a login': login.cookie.split('=')[1] ?? '',
    'whole cookie': login.cookie,
    'token of forms': csrf_token,
    'code of a link': code,
    'id of a response': (JSON.parse(kept.text) as { id: string }).id,
    'key of an upstream': 'sk-upstream-secret-of-the-bench',
    'hash of a key': await hashOf(keys.admin),
  };
}

async function hashOf(key: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', Buffer.from(key));
  return Buffer.from(digest).toString('hex');
}

export const purposes: Attack = {
  title: 'what is good for one purpose opens another: as a key, cookie, link, form or for models',
  languages: ['node'],
  async attempt(_language, victim) {
    const world = await enter(victim);
    const { gateway, keys, ids } = world;
    const secrets = await secretsOf(world);
    const said = await world.as('caller', 'POST', '/v1/chat/completions', {
      body: chat('labs/teller'),
    });
    const broker = /http:[^"\\]+/.exec(said.text)?.[0] ?? '';
    const all = { ...secrets, 'a key': keys.admin, 'id of a key': ids.admin };
    const { cookie } = await ask(gateway, '/console/session', {
      method: 'POST',
      headers: json,
      body: JSON.stringify({ key: keys.admin }),
    });
    const attempts: Record<string, () => Promise<Answer>> = {};
    for (const [name, secret] of Object.entries(all)) {
      const as = (what: string, attempt: () => Promise<Answer>) => {
        attempts[`${name} as ${what}`] = attempt;
      };
      const [cookieName = ''] = cookie.split('=');
      if (name !== 'a key') {
        as('a key', () => ask(gateway, '/v1/models', bearer(secret)));
        as('a login by key', () => logInWith(gateway, { key: secret }));
      }
      if (!/^(token of a worker)$/.test(name))
        as('the key of the broker', () => askBroker(broker, secret));
      if (name !== 'code of a link') as('a link', () => logInWith(gateway, { code: secret }));
      if (!name.endsWith('cookie of a login')) {
        as('a cookie', () =>
          ask(gateway, '/security/keys', { headers: { cookie: `${cookieName}=${secret}` } }),
        );
      }
      as('the token of a form', () =>
        ask(gateway, '/security/refresh', {
          method: 'POST',
          headers: { ...json, cookie, 'x-csrf-token': name === 'token of forms' ? 'x' : secret },
          body: '{}',
        }),
      );
    }
    return told(await notRefused(attempts, [400, 401, 403]), Object.keys(attempts).length);
  },
};

const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });

function logInWith(gateway: VictimGateway, given: object): Promise<Answer> {
  const body = JSON.stringify(given);
  return ask(gateway, '/console/session', { method: 'POST', headers: json, body });
}

/** The broker is there for as long as the worker that said where. */
async function askBroker(url: string, secret: string): Promise<Answer> {
  const answered = await until(async () => {
    const answer = await fetch(`${url}/responses`, {
      method: 'POST',
      headers: { ...json, authorization: `Bearer ${secret}` },
      body: '{"model":"m","input":"x"}',
    });
    return { status: answer.status, text: await answer.text(), cookie: '' };
  });
  return answered ?? { status: 0, text: '', cookie: '' };
}
