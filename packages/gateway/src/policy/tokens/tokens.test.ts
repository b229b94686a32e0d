import { createHmac, type webcrypto } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportSPKI, importJWK } from 'jose';
import { describe, expect, onTestFinished, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import {
  type IssuerKey,
  keySetOf,
  newIssuerKey,
  sign,
  startIssuer,
  type TestIssuer,
  unsigned,
} from '../../../test/support/token-issuer.ts';
import { GatewayError } from '../../errors.ts';
import type { GatewayEvent } from '../../events.ts';
import type { KeyHolder } from '../../protocol/policy.ts';
import { createSafeFetch } from '../../tools/outbound/safe-fetch.ts';
import { newSecret } from '../keys/new-key.ts';
import { authSchema, toIssuers } from './jwt-schema.ts';
import { createReadKeySet } from './read-key-set.ts';
import { createTokens, type Tokens } from './tokens.ts';

const now = 1_800_000_000;

type Bench = {
  readonly tokens: Tokens;
  readonly provider: TestIssuer;
  readonly clock: { seconds: number };
  readonly events: GatewayEvent[];
  /** Claims that are good, with changes. */
  readonly claims: (changes?: object) => Record<string, unknown>;
  readonly ask: (token: string) => Promise<KeyHolder | string>;
  /** Takes new settings. */
  readonly configure: (changes?: object) => void;
};

/** Tokens of one issuer, `corp`, whose keys are asked for over HTTP. */
async function open(settings: object = {}, timeoutMs?: number): Promise<Bench> {
  const provider = await startIssuer();
  const outbound = createSafeFetch({ environment: {} });
  onTestFinished(async () => {
    await outbound.close();
    await provider[Symbol.asyncDispose]();
  });
  const clock = { seconds: now };
  const events: GatewayEvent[] = [];
  const issuersOf = (changes: object) => {
    const { issuer, jwksUrl: jwks_url } = provider;
    const corp = { name: 'corp', issuer, audience: 'dropgate', jwks_url, ...settings, ...changes };
    return toIssuers(authSchema.parse({ jwt: [corp] }), '/');
  };
  const tokens = createTokens({
    issuers: issuersOf({}),
    read: createReadKeySet(outbound.fetch),
    nowSeconds: () => clock.seconds,
    emit: (event) => events.push(event),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  return {
    tokens,
    provider,
    clock,
    events,
    claims: (changes = {}) => ({
      iss: provider.issuer,
      aud: 'dropgate',
      sub: 'alice',
      iat: clock.seconds,
      exp: clock.seconds + 3600,
      ...changes,
    }),
    ask: (token) => outcome(tokens, token),
    configure: (changes = {}) => tokens.replace(issuersOf(changes)),
  };
}

/** Who holds a token, or the code and message of its refusal. */
async function outcome(tokens: Tokens, token: string): Promise<KeyHolder | string> {
  try {
    return (await tokens.authenticate(token)) ?? 'nobody';
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    return `${error.code}: ${error.message}`;
  }
}

const alice = {
  keyId: 'oidc:corp:alice',
  keyName: 'alice',
  role: 'caller',
  namespaces: null,
  agents: null,
  token: { issuer: 'corp', expiresAtSeconds: now + 3600 },
};

describe('a token', () => {
  test('is good where issuer, audience, times and signature are', async () => {
    const { provider, claims, ask } = await open();
    expect(await ask(await sign(provider.key, claims()))).toEqual(alice);
    expect(await ask(await sign(provider.key, claims({ aud: ['other', 'dropgate'] })))).toEqual(
      alice,
    );
  });

  test.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])('may be signed by %s', async (alg) => {
    const { provider, claims, ask } = await open();
    const key = await newIssuerKey('other', alg);
    provider.publish(key);
    expect(await ask(await sign(key, claims()))).toEqual(alice);
  });

  test.each([
    [
      'of another audience',
      { aud: 'other' },
      'The token is for another audience than this gateway.',
    ],
    [
      'whose audience only begins so',
      { aud: 'dropgate2' },
      'The token is for another audience than this gateway.',
    ],
    [
      'without audience',
      { aud: undefined },
      'The token says no audience (`aud`), so it may be for anybody and is not taken.',
    ],
    [
      'of another issuer',
      { iss: 'https://evil.example' },
      'The issuer of the token is none that this gateway takes tokens of.',
    ],
    [
      'of an issuer that is no text',
      { iss: ['a'] },
      'The issuer of the token is none that this gateway takes tokens of.',
    ],
    ['that has expired', { exp: now - 31 }, 'The token has expired. Get a new one.'],
    ['without expiry', { exp: undefined }, 'The token has no expiry (`exp`), so it is not taken.'],
    [
      'whose expiry is no number',
      { exp: 'tomorrow' },
      'The token is malformed, or uses what is not supported here.',
    ],
    [
      'that is not valid yet',
      { nbf: now + 31 },
      'The token is not valid yet, as the clock here tells.',
    ],
    [
      'from the future',
      { iat: now + 31 },
      'The token was made in the future, as the clock here tells.',
    ],
    [
      'without subject',
      { sub: undefined },
      'The token has no subject (`sub`), so nobody can be known by it.',
    ],
    [
      'with an empty subject',
      { sub: '' },
      'The subject (`sub`) of the token is empty, longer than 255 characters or no text.',
    ],
    [
      'with a list as subject',
      { sub: ['alice'] },
      'The subject (`sub`) of the token is empty, longer than 255 characters or no text.',
    ],
    [
      'with a long subject',
      { sub: 'a'.repeat(256) },
      'The subject (`sub`) of the token is empty, longer than 255 characters or no text.',
    ],
  ])('%s is refused', async (_what, changes, message) => {
    const { provider, claims, ask } = await open();
    expect(await ask(await sign(provider.key, claims(changes)))).toBe(`token_invalid: ${message}`);
  });

  test('is given the skew that settings allow, at both ends', async () => {
    const { provider, claims, ask } = await open({ clock_skew_seconds: 60 });
    const late = claims({ iat: now + 59, nbf: now + 59, exp: now - 59 });
    expect(await ask(await sign(provider.key, late))).toMatchObject({ keyId: 'oidc:corp:alice' });
  });

  test('of another kind than for access is refused', async () => {
    const { provider, claims, ask } = await open();
    const logout = await sign(provider.key, claims(), { typ: 'logout+jwt' });
    expect(await ask(logout)).toBe('token_invalid: The token is of a kind that is not for access.');
    const access = await sign(provider.key, claims(), { typ: 'at+jwt' });
    expect(await ask(access)).toEqual(alice);
  });
});

describe('a signature', () => {
  const wrongAlgorithm = 'token_invalid: The algorithm of the token’s signature is not taken here.';

  test.each(['none', 'None', 'NONE', ''])(
    'by %j is refused, whatever else is true',
    async (alg) => {
      const { claims, ask } = await open();
      expect(await ask(unsigned({ alg, kid: 'first' }, claims()))).toBe(wrongAlgorithm);
    },
  );

  test('with the public key as a shared secret is refused', async () => {
    const { provider, claims, ask } = await open();
    const pem = await exportSPKI(
      (await importJWK(provider.key.jwk, 'ES256')) as webcrypto.CryptoKey,
    );
    for (const secret of [pem, pem.trim(), JSON.stringify(provider.key.jwk)]) {
      const signed = unsigned({ alg: 'HS256', kid: 'first' }, claims());
      const mac = createHmac('sha256', secret).update(signed.slice(0, -1)).digest('base64url');
      expect(await ask(signed + mac)).toBe(wrongAlgorithm);
    }
  });

  test('by an algorithm that settings leave out is refused', async () => {
    const { provider, claims, ask } = await open({ algorithms: ['RS256'] });
    expect(await ask(await sign(provider.key, claims()))).toBe(wrongAlgorithm);
  });

  test('of somebody else under a known key’s name is refused', async () => {
    const { claims, ask } = await open();
    const forged = await sign(await newIssuerKey('first'), claims());
    expect(await ask(forged)).toBe('token_invalid: The signature of the token is not good.');
  });

  test('over other claims is refused', async () => {
    const { provider, claims, ask } = await open();
    const [header, , signature] = (await sign(provider.key, claims())).split('.');
    const [, changed] = unsigned({}, claims({ sub: 'root' })).split('.');
    expect(await ask(`${header}.${changed}.${signature}`)).toBe(
      'token_invalid: The signature of the token is not good.',
    );
  });

  test('is good by any of the keys that share its name', async () => {
    const { provider, claims, ask } = await open();
    const others = [await newIssuerKey('first'), await newIssuerKey('first')];
    provider.publish(...others, provider.key);
    expect(await ask(await sign(provider.key, claims()))).toEqual(alice);
    expect(await ask(await sign(await newIssuerKey('first'), claims()))).toBe(
      'token_invalid: The signature of the token is not good.',
    );
  });

  test('needs no name of its key where there is only one', async () => {
    const { provider, claims, ask } = await open();
    expect(await ask(await sign(provider.key, claims(), { kid: undefined }))).toEqual(alice);
  });
});

describe('what is no token', () => {
  const neither =
    'token_invalid: What was sent is neither an API key nor a JSON Web Token that can be read.';

  test.each([
    ['of three letters', 'a.b.c', neither],
    ['of periods alone', '..', neither],
    ['whose claims are null', 'eyJhbGciOiJFUzI1NiJ9.bnVsbA.', neither],
    ['whose claims are a list', 'eyJhbGciOiJFUzI1NiJ9.W10.', neither],
    ['of two parts', 'a.b', neither],
    ['of four parts', 'a.b.c.d', neither],
    [
      'of five parts',
      'a.b.c.d.e',
      'token_invalid: The token is encrypted (JWE). Only signed ones (JWS) are taken.',
    ],
    [
      'of 9,000 characters',
      `${'a'.repeat(9000)}.b.c`,
      'token_invalid: The token is longer than 8192 characters.',
    ],
    ['with no period', newSecret(), 'nobody'],
  ])('%s is refused without a question to anybody', async (_what, token, answer) => {
    const { ask, provider } = await open();
    expect(await ask(token)).toBe(answer);
    expect(provider.asked()).toBe(0);
  });
});

describe('a subject', () => {
  test.each([
    ['auth0|7', 'oidc:corp:auth0%7C7'],
    ['a:b', 'oidc:corp:a%3Ab'],
    ['*', 'oidc:corp:%2A'],
    ['a%3Ab', 'oidc:corp:a%253Ab'],
    ['~x', 'oidc:corp:%7Ex'],
    ['é\u202e\n\u0000', 'oidc:corp:%C3%A9%E2%80%AE%0A%00'],
    ['Alice.B-c_d@e', 'oidc:corp:Alice.B-c_d@e'],
    ['|'.repeat(255), 'oidc:corp:~RD1xdWkRO6EG_JGzPQKwiV9OsxtFH36XFk1mpBX1uLc'],
  ])('%j stands in principals without meaning anything else', async (sub, principal) => {
    const { provider, claims, ask } = await open();
    const holder = await ask(await sign(provider.key, claims({ sub })));
    expect(holder).toMatchObject({ keyId: principal });
  });

  test('that is no Unicode is refused', async () => {
    const { provider, claims, ask } = await open();
    expect(await ask(await sign(provider.key, claims({ sub: 'a\ud800' })))).toMatch(
      /^token_invalid/,
    );
  });

  test('is called as its claims say, on one line and no longer than 64 signs', async () => {
    const { provider, claims, ask } = await open();
    const nameOf = async (more: object) => {
      const holder = await ask(await sign(provider.key, claims(more)));
      return typeof holder === 'string' ? holder : holder.keyName;
    };
    expect(await nameOf({ name: 'Alice B.', email: 'a@b.c', preferred_username: 'ally' })).toBe(
      'ally',
    );
    expect(await nameOf({ name: 'Alice B.', preferred_username: '\u200b\n' })).toBe('Alice B.');
    expect(await nameOf({ name: 'Al\u202eice\nB.\u0000' })).toBe('Al ice B.');
    expect(await nameOf({ name: '😀'.repeat(100) })).toBe('😀'.repeat(64));
    expect(await nameOf({ name: { first: 'x' } })).toBe('alice');
    expect(await nameOf({ sub: '\n' })).toBe('oidc:corp:%0A');
  });
});

describe('keys that change', () => {
  test('are read once more for one that is not known, and then not for a while', async () => {
    const { provider, claims, ask, clock } = await open();
    await ask(await sign(provider.key, claims()));
    expect(provider.asked()).toBe(1);
    clock.seconds += 60;
    const second = await newIssuerKey('second');
    provider.publish(second);
    expect(await ask(await sign(second, claims()))).toMatchObject({ keyId: 'oidc:corp:alice' });
    expect(provider.asked()).toBe(2);
    // What was signed with the key before is not taken any more, though it was a moment ago.
    expect(await ask(await sign(provider.key, claims({ iat: now })))).toBe(
      'token_invalid: The token is signed with a key that its issuer does not publish.',
    );
    expect(provider.asked()).toBe(2);
  });

  test('are asked for once by a storm of keys that nobody knows', async () => {
    const { provider, claims, ask, clock } = await open();
    await ask(await sign(provider.key, claims()));
    clock.seconds += 60;
    const storm = async () => {
      const signing = Array.from({ length: 100 }, (_, index) =>
        sign(provider.key, claims(), { kid: `random-${index}` }),
      );
      const answers = await Promise.all((await Promise.all(signing)).map(ask));
      return new Set(answers);
    };
    const refused =
      'token_invalid: The token is signed with a key that its issuer does not publish.';
    expect(await storm()).toEqual(new Set([refused]));
    expect(await storm()).toEqual(new Set([refused]));
    expect(provider.asked()).toBe(2);
    clock.seconds += 31;
    await storm();
    expect(provider.asked()).toBe(3);
  });

  test('are looked at again after ten minutes, once for all who come', async () => {
    const { provider, claims, ask, clock } = await open();
    await ask(await sign(provider.key, claims()));
    clock.seconds += 601;
    await Promise.all(
      [1, 2, 3].map(async (jti) => ask(await sign(provider.key, claims({ jti: `${jti}` })))),
    );
    expect(provider.asked()).toBe(2);
  });
});

describe('keys that cannot be read', () => {
  const away =
    'identity_unavailable: The keys of the identity provider corp cannot be read now, so its tokens cannot be checked. Try again later.';

  const huge = Buffer.alloc(10 * 1024 * 1024, ' ');
  const keysOf = (count: number, key: IssuerKey) =>
    JSON.stringify({ keys: Array.from({ length: count }, () => ({ kty: key.jwk.kty })) });

  test.each<[string, (bench: Bench) => void, string]>([
    [
      'an error',
      ({ provider }) => provider.answer((_, response) => response.writeHead(500).end()),
      'Its server answered 500.',
    ],
    [
      'a page',
      ({ provider }) => provider.answer((_, response) => response.end('<html>')),
      'It is a page of HTML, and no key set.',
    ],
    [
      'no JSON',
      ({ provider }) => provider.answer((_, response) => response.end('{')),
      'It is no JSON.',
    ],
    [
      'no set',
      ({ provider }) => provider.answer((_, response) => response.end('null')),
      'It is no JSON Web Key Set: it has no list `keys`.',
    ],
    [
      'ten megabytes',
      ({ provider }) => provider.answer((_, response) => response.end(huge)),
      'It is larger than 256 KiB.',
    ],
    [
      '10,000 keys',
      ({ provider }) =>
        provider.answer((_, response) => response.end(keysOf(10_000, provider.key))),
      'It holds 10000 keys, of which 100 at most are taken.',
    ],
    [
      'no public key',
      ({ provider }) =>
        provider.answer((_, response) =>
          response.end('{"keys":[{"kty":"oct","k":"c2VjcmV0"},{"kty":"EC","d":"x"},7]}'),
        ),
      'It holds no public key for signatures (RSA, EC or OKP).',
    ],
    [
      'another host',
      ({ provider }) =>
        provider.answer((_, response) =>
          response.writeHead(302, { location: 'http://localhost/jwks' }).end(),
        ),
      'The host localhost is not among those that this tool may reach.',
    ],
    [
      'a private address',
      ({ provider }) =>
        provider.answer((_, response) =>
          response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
        ),
      'The host 169.254.169.254 is not among those that this tool may reach.',
    ],
    [
      'nothing any more',
      ({ provider }) => provider.answer((request) => request.socket.destroy()),
      'could not be reached',
    ],
  ])('by %s refuse a token as not checked, and say why in the log', async (_what, begin, why) => {
    const bench = await open();
    begin(bench);
    const token = await sign(bench.provider.key, bench.claims());
    expect(await bench.ask(token)).toBe(away);
    expect(await bench.ask(token)).toBe(away);
    expect(bench.provider.asked()).toBe(1);
    expect(bench.events).toMatchObject([
      {
        type: 'issuer_keys_failed',
        issuer: 'corp',
        leftSeconds: 0,
        error: { message: expect.stringContaining(why) },
      },
    ]);
    // When they can be read again, that is said too.
    bench.provider.answer(null);
    bench.clock.seconds += 31;
    expect(await bench.ask(await sign(bench.provider.key, bench.claims()))).toMatchObject({
      role: 'caller',
    });
    expect(bench.events.at(-1)).toEqual({ type: 'issuer_keys_read', issuer: 'corp', keys: 1 });
  });

  test('serve on for as long as settings say', async () => {
    const { provider, claims, ask, clock, events } = await open({ keys_max_age_seconds: 3600 });
    await ask(await sign(provider.key, claims()));
    provider.answer((_, response) => response.writeHead(503).end());
    clock.seconds += 3599;
    expect(await ask(await sign(provider.key, claims()))).toMatchObject({ role: 'caller' });
    expect(events.at(-1)).toMatchObject({ type: 'issuer_keys_failed', leftSeconds: 1 });
    clock.seconds += 1;
    expect(await ask(await sign(provider.key, claims()))).toBe(away);
    // A key that is not known may be a new one: nobody can tell.
    const other = await sign(await newIssuerKey('other'), claims());
    expect(await ask(other)).toBe(away);
  });

  test('at a private address that settings do not open are asked for by nobody', async () => {
    const { provider, claims, ask, events } = await open({ jwks_url: 'https://10.0.0.1/jwks' });
    expect(await ask(await sign(provider.key, claims()))).toBe(away);
    expect(events).toMatchObject([
      { error: { message: expect.stringContaining('is at an address that tools may not reach') } },
    ]);
  });

  test('are waited for only so long', async () => {
    const { provider, claims, ask, events } = await open({}, 20);
    provider.answer(() => undefined);
    expect(await ask(await sign(provider.key, claims()))).toBe(away);
    expect(events).toMatchObject([{ error: { message: 'It did not come within 20 ms.' } }]);
  });

  test('of a slow server have nobody wait while others serve', async () => {
    const { provider, claims, ask, clock } = await open();
    await ask(await sign(provider.key, claims()));
    provider.answer((_, response) => response.writeHead(503).end());
    clock.seconds += 601;
    await ask(await sign(provider.key, claims()));
    const slow = Promise.withResolvers<void>();
    provider.answer(() => slow.resolve());
    clock.seconds += 31;
    expect(await ask(await sign(provider.key, claims()))).toMatchObject({ role: 'caller' });
    await slow.promise;
    expect(await ask(await sign(provider.key, claims({ jti: '2' })))).toMatchObject({
      role: 'caller',
    });
    expect(provider.asked()).toBe(3);
  });
});

describe('a file of keys', () => {
  test('is read again when settings are, and may come later', async () => {
    const folder = await tempFolder();
    const file = join(folder, 'jwks.json');
    const { provider, claims, ask, configure, events, clock } = await open({
      jwks_url: undefined,
      jwks_file: file,
    });
    const token = await sign(provider.key, claims());
    expect(await ask(token)).toMatch(/^identity_unavailable/);
    expect(events).toMatchObject([{ type: 'issuer_keys_failed', error: { code: 'ENOENT' } }]);
    await writeFile(file, keySetOf(provider.key));
    configure();
    await expect.poll(() => events.at(-1)?.type).toBe('issuer_keys_read');
    expect(await ask(token)).toEqual(alice);

    const second = await newIssuerKey('second');
    await writeFile(file, keySetOf(second));
    configure();
    await expect.poll(() => events.length).toBe(3);
    expect(await ask(token)).toMatch(/^token_invalid/);
    expect(await ask(await sign(second, claims()))).toEqual(alice);

    await rm(file);
    configure();
    await expect.poll(() => events.length).toBe(4);
    expect(events.at(-1)).toMatchObject({ type: 'issuer_keys_failed', leftSeconds: 86_400 });
    clock.seconds += 1;
    expect(await ask(await sign(second, claims()))).toMatchObject({ role: 'caller' });
  });
});

describe('a token that was checked', () => {
  test('is taken at once until it ends, and asked for again after five minutes', async () => {
    const { tokens, provider, claims, clock } = await open();
    const token = await sign(provider.key, claims({ exp: now + 400 }));
    await tokens.authenticate(token);
    expect(tokens.authenticate(token)).not.toBeInstanceOf(Promise);
    clock.seconds += 300;
    expect(tokens.authenticate(token)).toBeInstanceOf(Promise);
    await tokens.authenticate(token);
    clock.seconds += 99;
    expect(tokens.authenticate(token)).not.toBeInstanceOf(Promise);
    clock.seconds += 1;
    const again = tokens.authenticate(token);
    expect(again).toBeInstanceOf(Promise);
    await again;
    clock.seconds += 30;
    await expect(tokens.authenticate(token)).rejects.toThrow('The token has expired.');
  });

  test('is checked anew where settings change, and keeps nothing that they took away', async () => {
    const { tokens, provider, claims, ask, configure } = await open();
    const token = await sign(provider.key, claims());
    await ask(token);
    provider.answer((_, response) => response.writeHead(503).end());
    configure();
    expect(tokens.authenticate(token)).not.toBeInstanceOf(Promise);
    configure({ role: 'operator' });
    expect(await ask(token)).toMatchObject({ role: 'operator' });
    configure({ audience: 'other' });
    expect(await ask(token)).toMatch(/another audience/);
    configure({ issuer: 'https://other.example' });
    expect(await ask(token)).toMatch(/issuer of the token/);
    tokens.replace([]);
    expect(await ask(token)).toBe('nobody');
  });

  test('is looked at anew when settings are read and its key was taken back', async () => {
    const { tokens, provider, claims, ask, configure, events } = await open();
    const token = await sign(provider.key, claims());
    await ask(token);
    provider.publish(await newIssuerKey('second'));
    configure();
    await expect.poll(() => events.length).toBe(2);
    expect(tokens.authenticate(token)).toBeInstanceOf(Promise);
    expect(await ask(token)).toMatch(/a key that its issuer does not publish/);
  });

  test('is refused once keys were read that were asked for while an older reading was under way', async () => {
    const { tokens, provider, claims, ask, configure } = await open();
    const token = await sign(provider.key, claims());
    const held = Promise.withResolvers<void>();
    const old = keySetOf(provider.key);
    provider.answer((_, response) => void held.promise.then(() => response.end(old)));
    const first = ask(token);
    await expect.poll(() => provider.asked()).toBe(1);
    provider.publish(await newIssuerKey('second'));
    configure();
    provider.answer(null);
    held.resolve();
    expect(await first).toMatchObject({ role: 'caller' });
    await tokens.untilRead();
    expect(await ask(token)).toMatch(/a key that its issuer does not publish/);
  });

  test('is checked once for all who bring it at the same time', async () => {
    const { tokens, provider, claims } = await open();
    const token = await sign(provider.key, claims());
    const [one, two] = [tokens.authenticate(token), tokens.authenticate(token)];
    expect(one).toBeInstanceOf(Promise);
    expect(await one).toBe(await two);
  });
});
