import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import type { Caller } from '../../protocol/policy.ts';
import { createNameUsers } from './name-users.ts';
import type { UserSettings } from './users-schema.ts';

const nowSeconds = 1_800_000_000;
const secret = 'a secret of at least thirty-two letters';
const plain: UserSettings = { headers: ['x-librechat-user-id'], openWebUi: null };
const signed: UserSettings = { ...plain, openWebUi: { secretEnv: 'OWUI', secret } };

const caller: Caller = {
  keyId: 'key_ui',
  keyName: 'ui',
  role: 'caller',
  namespaces: null,
  agents: null,
  requestId: 'req_1',
  forwardsUsers: true,
};

type Headers = Readonly<Record<string, string | readonly string[]>>;

const valuesOf = (headers: Headers) => (name: string) => [headers[name] ?? []].flat();

function users(settings: UserSettings) {
  const accountOf = (keyId: string) => keyId.replace('next', 'ui');
  return createNameUsers({ settings: () => settings, accountOf, nowSeconds: () => nowSeconds });
}

async function userIn(headers: Headers, settings = plain) {
  return (await users(settings).inHeaders('key_ui', valuesOf(headers)))?.id ?? null;
}

async function refused(headers: Headers, settings = plain): Promise<unknown> {
  try {
    return await userIn(headers, settings);
  } catch (error) {
    return error;
  }
}

async function token(changes: Record<string, unknown> = {}, by: string = secret, alg = 'HS256') {
  const claims = { sub: 'u-1', email: 'ann@example.com', name: 'Ann', role: 'admin' };
  const times = { iss: 'open-webui', iat: nowSeconds, exp: nowSeconds + 300 };
  return new SignJWT({ ...claims, ...times, ...changes })
    .setProtectedHeader({ alg, typ: 'JWT' })
    .sign(Buffer.from(by));
}

describe('users in headers', () => {
  test('are named by Open WebUI, or by the header that LibreChat was told', async () => {
    expect(await userIn({ 'x-openwebui-user-id': 'u-1', 'x-openwebui-user-name': 'Ann' })).toBe(
      'u-1',
    );
    expect(await userIn({ 'x-librechat-user-id': '66f0a1' })).toBe('66f0a1');
    expect(await userIn({ 'x-librechat-user-id': 'u-1', 'x-openwebui-user-id': 'u-1' })).toBe(
      'u-1',
    );
  });

  test.each([
    {},
    { 'x-openwebui-user-id': '' },
    { 'x-librechat-user-id': '{{LIBRECHAT_USER_ID}}' },
    { 'x-librechat-user-id': 'undefined' },
  ])('are nobody where no header says one: %j', async (headers) => {
    expect(await userIn(headers)).toBeNull();
  });

  test.each([
    [{ 'x-openwebui-user-id': ['u-1', 'u-2'] }, "'x-openwebui-user-id' is sent twice"],
    [
      { 'x-openwebui-user-id': 'u-1', 'x-librechat-user-id': 'u-2' },
      "'x-openwebui-user-id' and 'x-librechat-user-id' differ",
    ],
    [{ 'x-librechat-user-id': 'u\u0001' }, 'no control characters'],
    [{ 'x-librechat-user-id': 'a'.repeat(10_000) }, 'at most 256 letters'],
    [{ 'x-librechat-user-id': 'a'.repeat(257) }, 'at most 256 letters'],
    // ann, and a letter that nobody sees, in UTF-8.
    [{ 'x-librechat-user-id': 'ann\xe2\x80\x8b' }, 'cannot be seen'],
  ])('are refused where they cannot be told: %j', async (headers, message) => {
    expect(await refused(headers)).toMatchObject({
      code: 'invalid_value',
      message: expect.stringContaining(message),
    });
  });

  test('are the same person however space and accents are sent, and another in another case', async () => {
    const composed = Buffer.from('ren\u00e9').toString('latin1');
    const decomposed = Buffer.from('rene\u0301 ').toString('latin1');
    expect(await userIn({ 'x-librechat-user-id': composed })).toBe('ren\u00e9');
    expect(await userIn({ 'x-librechat-user-id': decomposed })).toBe('ren\u00e9');
    expect(await userIn({ 'x-librechat-user-id': 'Ann' })).toBe('Ann');
  });
});

describe('users that Open WebUI signs', () => {
  test('are believed with the operator’s secret, and then nothing else is', async () => {
    const headers = { 'x-openwebui-user-jwt': await token(), 'x-librechat-user-id': 'u-2' };
    expect(await userIn(headers, signed)).toBe('u-1');
    expect(await userIn({ 'x-openwebui-user-id': 'u-1' }, signed)).toBeNull();
    const unsigned = valuesOf({ 'x-openwebui-user-id': 'u-1' });
    expect(users(signed).unheard(caller, unsigned)).toEqual(['x-openwebui-user-id']);
  });

  test.each([
    ['another secret', () => token({}, 'another secret of thirty-two letters')],
    ['another algorithm', () => token({}, secret, 'HS512')],
    ['an end that has passed', () => token({ exp: nowSeconds - 31 })],
    ['no end', () => token({ exp: undefined })],
    ['no id', () => token({ sub: undefined })],
    ['an empty id', () => token({ sub: ' ' })],
    ['another issuer', () => token({ iss: 'other' })],
    ['two values', async () => [await token(), await token({ sub: 'u-2' })]],
    ['ten thousand letters', () => 'a'.repeat(10_000)],
    ['no token at all', () => 'u-1'],
    ['more than a signature', async () => `${await token()}=`],
    ['a time to come', () => token({ nbf: nowSeconds + 31 })],
    [
      'no signature',
      () => {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
        return `${part({ alg: 'none', typ: 'JWT' })}.${part({ sub: 'u-1', iss: 'open-webui', exp: nowSeconds + 9 })}.`;
      },
    ],
  ])('are refused with %s', async (_what, made) => {
    expect(await refused({ 'x-openwebui-user-jwt': await made() }, signed)).toMatchObject({
      code: expect.stringMatching(/^(token_invalid|invalid_value)$/),
      param: 'x-openwebui-user-jwt',
    });
  });

  test('are refused, and not served as nobody, where the gateway does not know the secret', async () => {
    const headers = { 'x-openwebui-user-jwt': await token() };
    const unset = { ...plain, openWebUi: { secretEnv: 'OWUI', secret: null } };
    expect(await refused(headers, unset)).toMatchObject({
      message: expect.stringContaining('OWUI'),
    });
    expect(await refused(headers)).toMatchObject({
      message: expect.stringContaining('auth.users.open_webui.jwt_secret_env'),
    });
  });
});

test('a body names a user where no header does: safety_identifier before user', () => {
  const { inBody } = users(plain);
  expect(inBody(caller, { safety_identifier: 's', user: 'u' })).toMatchObject({ id: 's' });
  expect(inBody(caller, { safety_identifier: null, user: 'u' })).toMatchObject({ id: 'u' });
  const known = { ...caller, user: { id: 'h', principal: 'user:h' } };
  expect(inBody(known, { user: 'u' })).toMatchObject({ id: 'h' });
  expect(inBody(caller, {})).toBeNull();
  expect(() => inBody(caller, { user: 'a\nb' })).toThrow('control characters');
});

test('what means something in rules is written out in a principal', () => {
  const { known } = users(plain);
  const principalOf = (id: string) => known('key_ui', id)?.principal;
  expect(principalOf('ann@example.com')).toBe('user:ann@example.com');
  expect(principalOf('role:admin')).toBe('user:role%3Aadmin');
  expect(principalOf('a*')).toBe('user:a%2A');
  expect(principalOf('user:ann')).toBe('user:user%3Aann');
  expect(principalOf('~')).toBe('user:%7E');
  expect(principalOf('\u00fc'.repeat(100))).toMatch(/^user:~[\w-]{43}$/);
});

test('use is counted for each user of each key, also of one that was rotated, under no name', () => {
  const { known } = users(plain);
  const account = (keyId: string, id: string) => known(keyId, id)?.account;
  expect(account('key_ui', 'ann')).toMatch(/^user:[\w-]{43}$/);
  expect(account('key_next', 'ann')).toBe(account('key_ui', 'ann'));
  expect(account('key_other', 'ann')).not.toBe(account('key_ui', 'ann'));
  expect(account('key_ui', 'Ann')).not.toBe(account('key_ui', 'ann'));
});
