import { ask, type Headers, json, notRefused } from '../ask.ts';
import { type Attack, told, verdict } from '../attack.ts';
import type { VictimGateway } from '../victim.ts';
import { logIn, login, project } from './browser.ts';

const foreignPages: Attack = {
  title: 'a page of another origin reads or changes something with the login of a browser',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start(project);
    const { cookie, token } = await login(gateway);
    const { host, port } = new URL(gateway.url);
    const pages: Record<string, Headers> = {
      null: { origin: 'null' },
      'another site': { origin: 'https://evil.example' },
      'another port': { origin: 'http://127.0.0.1:1' },
      'another name of the machine': { origin: `http://localhost:${port}` },
      'a longer name': { origin: `http://${host}.evil.example` },
      'a name before it': { origin: `http://evil.example@127.0.0.1:1` },
      'two origins': { origin: `${gateway.url} https://evil.example` },
      'cross-site alone': { 'sec-fetch-site': 'cross-site' },
      'same-site alone': { 'sec-fetch-site': 'same-site' },
      'cross-site with its own origin': { 'sec-fetch-site': 'cross-site', origin: gateway.url },
      'two sites': { 'sec-fetch-site': ['same-origin', 'cross-site'] },
      'a site in capitals': { 'sec-fetch-site': 'CROSS-SITE' },
      'a host that a proxy named': {
        origin: 'https://evil.example',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'https',
      },
    };
    const read = Object.entries(pages).map(([name, headers]) => [
      `read from ${name}`,
      () => ask(gateway, '/security/keys', { headers: { ...headers, cookie } }),
    ]);
    const changed = Object.entries(pages).map(([name, headers]) => [
      `change from ${name}`,
      () =>
        ask(gateway, '/security/refresh', {
          method: 'POST',
          headers: { ...json, ...headers, cookie, 'x-csrf-token': token },
          body: '{}',
        }),
    ]);
    const attempts = Object.fromEntries([...read, ...changed]);
    return told(await notRefused(attempts, [401]), read.length + changed.length);
  },
};

const forms: Attack = {
  title: 'a form or a script of an old browser changes something without the token of the login',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start(project);
    const { cookie, token } = await login(gateway);
    const types = ['application/json', 'text/plain', 'application/x-www-form-urlencoded', ''];
    const tokens = { none: null, empty: '', shorter: token.slice(1), other: `x${token.slice(1)}` };
    const body = JSON.stringify({ role: 'admin', name: 'planted' });
    const posts = types.flatMap((type) =>
      Object.entries(tokens).map(([name, sent]) => [
        `${type} with the token ${name}`,
        () =>
          ask(gateway, '/security/keys', {
            method: 'POST',
            headers: {
              cookie,
              ...(type === '' ? {} : { 'content-type': type }),
              ...(sent === null ? {} : { 'x-csrf-token': sent }),
            },
            body,
          }),
      ]),
    );
    const override = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE', cookie };
    await ask(gateway, '/console/session?_method=DELETE', { headers: override });
    const broken = await notRefused(Object.fromEntries(posts), [403, 415]);
    const still = await ask(gateway, '/console/session', { headers: { cookie } });
    if (still.status !== 200) broken.push('a method in a header ended the login');
    const { text } = await gateway.fetch('/security/keys').then(async (answer) => ({
      text: await answer.text(),
    }));
    if (text.includes('planted')) broken.push('a key was made');
    return told(broken, posts.length + 1);
  },
};

const cookies: Attack = {
  title: 'a login that was planted, sent twice, or beside a wrong key is taken for another',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start(project);
    const mine = await login(gateway, gateway.keys.caller);
    const theirs = await logIn(gateway, { key: gateway.keys.admin }, { cookie: mine.cookie });
    const [name = '', secret = ''] = theirs.cookie.split('=');
    const reads = (headers: Headers) => () => ask(gateway, '/security/keys', { headers });
    const guess = 'A'.repeat(43);
    const attempts = {
      'the cookie from before the login': reads({ cookie: mine.cookie }),
      'a planted one first': reads({ cookie: `${mine.cookie}; ${theirs.cookie}` }),
      'a wrong key beside it': reads({
        cookie: theirs.cookie,
        authorization: `Bearer dg_${guess}`,
      }),
      'an empty key beside it': reads({ cookie: theirs.cookie, authorization: '' }),
      'another scheme beside it': reads({ cookie: theirs.cookie, authorization: 'Basic YTpi' }),
      'a guess': reads({ cookie: `${name}=${guess}` }),
      'of another port': reads({ cookie: `dropgate_1=${secret}` }),
      'for another host': reads({ cookie: theirs.cookie, host: 'evil.example' }),
      'its secret as a key': reads({ authorization: `Bearer ${secret}` }),
    };
    const broken = await notRefused(attempts, [401, 403]);
    if (mine.cookie === theirs.cookie) broken.push('a planted secret stayed');
    await ask(gateway, '/console/session', {
      method: 'DELETE',
      headers: {
        cookie: theirs.cookie,
        'x-csrf-token': (JSON.parse(theirs.text) as { csrf_token: string }).csrf_token,
      },
    });
    const after = { 'after the logout': reads({ cookie: theirs.cookie }) };
    broken.push(...(await notRefused(after, [401])));
    return told(broken, Object.keys(attempts).length + 2);
  },
};

const links: Attack = {
  title: 'a link opens twice, after its key ended, or for whoever guesses',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start(project);
    const newCode = async (key = gateway.keys.admin ?? '') => {
      const made = await gateway.fetch('/console/links', { method: 'POST', key });
      return new URL(((await made.json()) as { url: string }).url).hash.slice('#code='.length);
    };
    const code = await newCode();
    const atOnce = await Promise.all(Array.from({ length: 20 }, () => logIn(gateway, { code })));
    const opened = atOnce.filter(({ status }) => status === 200).length;
    const made = await gateway.fetch('/security/keys', {
      method: 'POST',
      body: JSON.stringify({ role: 'admin', name: 'leaves' }),
    });
    const leaver = (await made.json()) as { id: string; key: string };
    const [late, session] = [await newCode(leaver.key), await login(gateway, leaver.key)];
    await gateway.fetch(`/security/keys/${leaver.id}`, { method: 'DELETE' });
    const headers = { cookie: session.cookie };
    const broken = await notRefused(
      {
        'a link of a key that ended': () => logIn(gateway, { code: late }),
        'a login of a key that ended': () => ask(gateway, '/security/keys', { headers }),
        'a guess': () => logIn(gateway, { code: 'A'.repeat(43) }),
        'no text': () => logIn(gateway, { code: { $ne: '' } }),
        'both at once': () => logIn(gateway, { code, key: gateway.keys.admin }),
        'from another site': async () =>
          logIn(gateway, { code: await newCode() }, { origin: 'https://evil.example' }),
        'made by an operator': async () => {
          const { status } = await gateway.fetch('/console/links', {
            method: 'POST',
            key: gateway.keys.operator ?? '',
          });
          return { status, text: '', cookie: '' };
        },
      },
      [400, 401, 403],
    );
    if (opened !== 1) broken.push(`one link opened ${opened} times`);
    return told(broken, 27);
  },
};

const names: Attack = {
  title: 'a name that leads to this machine opens something to a page without a login',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start(project);
    const { port } = new URL(gateway.url);
    const paths = [
      '/v1/models',
      '/admin/status',
      '/admin/events',
      '/admin/runs',
      '/admin/agents',
      '/metrics',
      '/security/keys',
      '/security/audit',
      '/security/whoami',
      '/console/session',
      '/openapi.json',
    ];
    const host = `evil.example:${port}`;
    const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    const attempts = Object.fromEntries(
      paths.map((path) => [path, () => ask(gateway, path, { headers })]),
    );
    const upgrade = { connection: 'Upgrade', upgrade: 'websocket' };
    const socket = () => ask(gateway, '/admin/events', { headers: { ...headers, ...upgrade } });
    const broken = await notRefused({ ...attempts, 'a WebSocket': socket }, [400, 401]);
    return told(broken, paths.length + 1);
  },
};

const files: Attack = {
  title: 'a path of the console leads to a file that is none of it',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start(project);
    const up = [
      '../',
      '..%2f',
      '%2e%2e/',
      '%2e%2e%2f',
      '..%5c',
      '..\\',
      '%252e%252e%252f',
      '....//',
    ];
    const ends = ['package.json', 'index.html', 'gateway.yaml', '.dropgate/gateway.db'];
    const paths = up.flatMap((step) =>
      ends.flatMap((end) =>
        [1, 2, 4].map((steps) => `/console/assets/x/${step.repeat(steps)}${end}`),
      ),
    );
    const odd = ['%00', 'a%00.js', '%ff', 'constructor', '__proto__', 'C:%5cx.js', '.vite/x.js'];
    const all = [...paths, ...odd.map((end) => `/console/assets/${end}`)];
    const broken: string[] = [];
    for (const path of all) {
      const { status, text } = await ask(gateway, path);
      const isPage = text.startsWith('<!doctype html>');
      if (status === 200 && !isPage) broken.push(path);
      if (status >= 500) broken.push(`${path}: ${status}`);
    }
    return told(broken, all.length);
  },
};

async function sessionStatus(gateway: VictimGateway, cookie: string): Promise<number> {
  return (await ask(gateway, '/console/session', { headers: { cookie } })).status;
}

const logins: Attack = {
  title: 'a caller who logs in again and again fills the store, or keeps an admin out',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start(project);
    const admin = await login(gateway);
    const cookies: string[] = [];
    for (let round = 0; round < 10; round += 1) {
      const made = Array.from({ length: 15 }, () => login(gateway, gateway.keys.caller));
      cookies.push(...(await Promise.all(made)).map(({ cookie }) => cookie));
      await Promise.all(Array.from({ length: 15 }, () => logIn(gateway, { key: 'dg_wrong' })));
      await Promise.all(Array.from({ length: 15 }, () => logIn(gateway, { code: 'wrong' })));
    }
    let living = 0;
    for (const cookie of cookies) if ((await sessionStatus(gateway, cookie)) === 200) living += 1;
    const other = await sessionStatus(gateway, admin.cookie);
    return verdict(
      living <= 100 && other === 200,
      `after 150 logins and 300 wrong ones ${living} live, and the admin's is answered ${other}`,
    );
  },
};

/** What is tried with logins, links and files of the console. */
export const loginAttacks: readonly Attack[] = [
  foreignPages,
  forms,
  cookies,
  links,
  names,
  files,
  logins,
];
