import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { ConfigError } from './config-error.ts';
import { loadConfig } from './load-config.ts';

async function issuersOf(...entries: readonly string[]) {
  const projectRoot = await tempFolder();
  writeFileSync(
    join(projectRoot, 'gateway.yaml'),
    `auth:\n  jwt:\n    - ${entries.join('\n    - ')}\n`,
  );
  return { projectRoot, issuers: loadConfig({ projectRoot, env: {}, command: 'start' }).issuers };
}

async function problemsOf(...entries: readonly string[]): Promise<string[]> {
  try {
    await issuersOf(...entries);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map(({ line, setting, message }) => `${line} ${setting}: ${message}`);
  }
}

const least = 'issuer: https://login.example.com, audience: dropgate';

test('an issuer needs its name in tokens, an audience and a place of its keys', async () => {
  const { issuers } = await issuersOf(`{ ${least}, jwks_url: "https://login.example.com/jwks" }`);
  expect(issuers).toEqual([
    {
      name: 'login.example.com',
      issuer: 'https://login.example.com',
      audiences: ['dropgate'],
      keys: { type: 'url', url: 'https://login.example.com/jwks', allowAddresses: [] },
      algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'],
      clockSkewSeconds: 30,
      keysMaxAgeSeconds: 86_400,
      grants: {
        role: { type: 'fixed', value: 'caller' },
        namespaces: null,
        agents: null,
        limits: {},
      },
    },
  ]);
});

test('what claims decide is written as a claim with a map', async () => {
  const { issuers, projectRoot } = await issuersOf(
    `{ name: corp, ${least}, jwks_file: keys/jwks.json, role: { claim: groups, map: { ops: admin }, default: caller }, limits: { usd_per_day: { claim: plan, map: { pro: 2.5 } }, requests_per_minute: 60 } }`,
  );
  expect(issuers).toMatchObject([
    {
      name: 'corp',
      keys: { type: 'file', file: join(projectRoot, 'keys/jwks.json') },
      grants: {
        role: { type: 'claim', claim: 'groups', map: { ops: 'admin' }, otherwise: 'caller' },
        limits: {
          usdPerDay: { type: 'claim', claim: 'plan', map: { pro: 2.5 }, otherwise: undefined },
          requestsPerMinute: { type: 'fixed', value: 60 },
        },
      },
    },
  ]);
});

const file = 'jwks_file: a';

test.each<[string, readonly string[], string]>([
  [
    'no keys',
    [`{ ${least} }`],
    '3 auth.jwt.0: This issuer has no keys. Set jwks_url, or jwks_file.',
  ],
  [
    'two places of keys',
    [`{ ${least}, ${file}, jwks_url: "https://a.example" }`],
    '3 auth.jwt.0.jwks_file: This issuer has a jwks_url, too. Remove one of both.',
  ],
  [
    'keys over plain HTTP',
    [`{ ${least}, jwks_url: "http://a.example/jwks" }`],
    '3 auth.jwt.0.jwks_url: Keys that come over http:// can be changed on their way. Use https://, or name the private network that they come from in allow_addresses.',
  ],
  [
    'HS256',
    [`{ ${least}, ${file}, algorithms: [HS256] }`],
    '3 auth.jwt.0.algorithms.0: "HS256" is not allowed. Allowed: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519.',
  ],
  [
    'none',
    [`{ ${least}, ${file}, algorithms: [none] }`],
    '3 auth.jwt.0.algorithms.0: "none" is not allowed. Allowed: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519.',
  ],
  [
    'admin for everybody',
    [`{ ${least}, ${file}, role: admin }`],
    '3 auth.jwt.0.role: This would make an admin of everybody who can get a token. Map a value of a claim to it: { claim: groups, map: { gateway-admins: admin }, default: caller }.',
  ],
  [
    'admin for the rest',
    [`{ ${least}, ${file}, role: { claim: a, map: { b: caller }, default: admin } }`],
    '3 auth.jwt.0.role: This would make an admin of everybody who can get a token. Map a value of a claim to it: { claim: groups, map: { gateway-admins: admin }, default: caller }.',
  ],
  [
    'an unknown role',
    [`{ ${least}, ${file}, role: root }`],
    '3 auth.jwt.0.role: "root" is not allowed. Allowed: caller, operator or metrics, or { claim: <name of a claim>, map: { <value of it>: caller }, default: caller }, of which default may be absent.',
  ],
  [
    'a map without a line',
    [`{ ${least}, ${file}, role: { claim: a, map: {} } }`],
    '3 auth.jwt.0.role.map: This map is empty. Give it a value of the claim, and what that gives.',
  ],
  [
    'a misspelt key',
    [`{ ${least}, ${file}, audiance: a }`],
    '3 auth.jwt.0.audiance: There is no such setting. Did you mean `audience`?',
  ],
  [
    'no audience',
    ['{ issuer: a, jwks_file: a }'],
    '3 auth.jwt.0.audience: This setting is missing. Allowed: a text or a list of texts, such as dropgate.',
  ],
  [
    'an issuer twice',
    [`{ ${least}, ${file} }`, `{ name: b, ${least}, ${file} }`],
    '4 auth.jwt.1.issuer: Another entry has this issuer. Make one of both.',
  ],
  [
    'a name twice',
    [`{ ${least}, ${file} }`, `{ issuer: "https://login.example.com/b", audience: a, ${file} }`],
    '4 auth.jwt.1.name: Another entry has the name login.example.com. Give this one a `name` of its own.',
  ],
  [
    'a name with a colon',
    [`{ name: "a:b", ${least}, ${file} }`],
    '3 auth.jwt.0.name: "a:b" is not allowed. Allowed: lower case letters, digits, `.`, `_` and `-`, at most 32.',
  ],
  [
    'no network',
    [`{ ${least}, jwks_url: "https://a.example", allow_addresses: [here] }`],
    '3 auth.jwt.0.allow_addresses.0: "here" is not allowed. Allowed: an address or a network, such as 10.1.0.0/16.',
  ],
])('%s is refused at its place', async (_what, entries, problem) => {
  expect(await problemsOf(...entries)).toEqual([problem]);
});

test.each(['http://127.0.0.1:9/jwks', 'http://localhost/jwks', 'http://[::1]:9/jwks'])(
  'keys may come over plain HTTP from this machine: %s',
  async (url) => {
    expect(await problemsOf(`{ ${least}, jwks_url: "${url}" }`)).toEqual([]);
  },
);

function usersOf(section: string, env: Readonly<Record<string, string>> = {}) {
  return async () => {
    const projectRoot = await tempFolder();
    writeFileSync(join(projectRoot, 'gateway.yaml'), `auth:\n  users: ${section}\n`);
    return loadConfig({ projectRoot, env, command: 'start' }).users;
  };
}

test('users are named in headers, and signed with the secret of a variable', async () => {
  const section = '{ headers: [X-Who], open_webui: { jwt_secret_env: OWUI } }';
  expect(await usersOf(section, { OWUI: ' known ' })()).toEqual({
    headers: ['x-who'],
    openWebUi: { secretEnv: 'OWUI', secret: 'known' },
  });
  expect(await usersOf(section)()).toMatchObject({ openWebUi: { secret: null } });
});

test.each(['{ headers: [Authorization] }', '{ headers: ["a b"] }', '{ open_webui: {} }'])(
  'headers and secrets that cannot be are refused: %s',
  async (section) => {
    await expect(usersOf(section)()).rejects.toThrow(ConfigError);
  },
);
