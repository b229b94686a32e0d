import type { VictimGateway } from '../victim.ts';
import {
  jwkOf,
  newKeyPair,
  type Provider,
  type SigningKey,
  signed,
  unsigned,
  withSecret,
} from './issuer.ts';

/** A gateway that takes tokens of two issuers, of which the second makes callers alone. */
export type Scene = {
  readonly gateway: VictimGateway;
  readonly provider: Provider;
  readonly corp: SigningKey;
  readonly partner: SigningKey;
  /** Good claims of an issuer, changed as told. */
  readonly claims: (more?: object, of?: 'corp' | 'partner') => Record<string, unknown>;
  /** Status of `whoami` with a token, and its text. */
  readonly ask: (token: string, path?: string) => Promise<{ status: number; text: string }>;
};

/** Tokens that nobody made, by what is wrong with them. */
export const forged = (scene: Scene): Record<string, string> => ({
  ...signatures(scene),
  ...keysOfTheirOwn(scene),
});

/** By what is wrong with their signature. */
function signatures({ corp, partner, claims }: Scene): Record<string, string> {
  const boss = claims({ groups: ['bosses'] });
  const own = newKeyPair('corp-1');
  const pem = corp.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const good = signed(corp, claims());
  const [header = '', body = '', signature = ''] = good.split('.');
  const other = Buffer.from(JSON.stringify(boss)).toString('base64url');
  return {
    ...Object.fromEntries(
      ['none', 'None', 'NONE', 'nOnE', '', ' none'].map((alg) => [
        `algorithm "${alg}"`,
        unsigned(boss, { alg, kid: 'corp-1' }),
      ]),
    ),
    'none with a signature': unsigned(boss, { alg: 'none', kid: 'corp-1' }, signature),
    'no algorithm': unsigned(boss, { kid: 'corp-1' }, signature),
    'the public key as a secret': withSecret(pem, boss, { kid: 'corp-1' }),
    'the public key without its end': withSecret(pem.trim(), boss, { kid: 'corp-1' }),
    'its DER as a secret': withSecret(
      corp.publicKey.export({ type: 'spki', format: 'der' }),
      boss,
      { kid: 'corp-1' },
    ),
    'its JWK as a secret': withSecret(JSON.stringify(jwkOf(corp)), boss, { kid: 'corp-1' }),
    'an empty secret': withSecret('', boss, { kid: 'corp-1' }),
    'a critical header': signed(corp, boss, { crit: ['exp'], exp: 1 }),
    'an unknown critical header': signed(corp, boss, { crit: ['b64'], b64: false }),
    'a key of its own under the name': signed(own, boss),
    'other claims under a signature': `${header}.${other}.${signature}`,
    'no signature': `${header}.${body}.`,
    'a cut signature': good.slice(0, -8),
    'a signature in other letters': `${header}.${body}.${signature.toLowerCase()}`,
    'two bodies': `${header}.${body}.${other}.${signature}`,
    'JSON serialized': JSON.stringify({ protected: header, payload: other, signature }),
    'the key of another issuer': signed(partner, boss),
    'the key of another issuer under the name': signed({ ...partner, kid: 'corp-1' }, boss),
    encrypted: unsigned(boss, { alg: 'RSA-OAEP', enc: 'A128GCM' }, `${signature}.a.b`),
    'a logout token': signed(corp, boss, { typ: 'logout+jwt' }),
    'a proof': signed(corp, boss, { typ: 'dpop+jwt' }),
    'a token within': signed(corp, good, { cty: 'JWT' }),
    huge: signed(corp, { ...boss, pad: 'x'.repeat(6200) }),
    deep: signed(corp, `{"a":${'['.repeat(2000)}${']'.repeat(2000)}}`),
    'claims that are a list': signed(corp, [boss]),
    'claims twice': signed(
      corp,
      JSON.stringify(claims({ exp: 1 })).replace('}', `,"exp":${claims().exp},"exp":1}`),
    ),
  };
}

/** Tokens that say themselves what they are to be checked with. */
function keysOfTheirOwn({ provider, claims }: Scene): Record<string, string> {
  const boss = claims({ groups: ['bosses'] });
  const own = newKeyPair('corp-1');
  provider.published.set('/evil/jwks', [own]);
  const evil = `${provider.url}/evil/jwks`;
  const names = {
    'a path': '../../../../dev/null',
    'an empty file': '/dev/null',
    SQL: "x' UNION SELECT 'secret' --",
    'an address': evil,
    'a command': '|/usr/bin/id',
    nothing: '',
    'a list': ['corp-1'],
    'an object': { $ne: '' },
    'a prototype': '__proto__',
    'a constructor': 'constructor',
  };
  return {
    ...Object.fromEntries(
      Object.entries(names).flatMap(([name, kid]) => [
        [`kid: ${name}`, signed(own, boss, { kid })],
        [`kid: ${name}, with an empty secret`, withSecret('', boss, { kid })],
      ]),
    ),
    'its own key in the header': signed(own, boss, { jwk: jwkOf(own) }),
    'its own certificates': signed(own, boss, { x5c: ['MIIB'], x5u: evil, x5t: 'x' }),
    'an address of keys': signed(own, boss, { jku: evil }),
  };
}

/** Tokens that were made for something else, by time, audience and issuer. */
export function misplaced({ corp, partner, claims, provider }: Scene): Record<string, string> {
  const now = Math.floor(Date.now() / 1000);
  const of = (more: object) => signed(corp, claims(more));
  return {
    expired: of({ exp: now - 60 }),
    'expired by the skew': of({ exp: now - 31 }),
    'no end': of({ exp: undefined }),
    'an end in words': of({ exp: 'tomorrow' }),
    'an end without end': of({ exp: null }),
    'an end in quotes': of({ exp: String(now + 600) }),
    'not yet': of({ nbf: now + 120 }),
    'made tomorrow': of({ iat: now + 86_400 }),
    'no audience': of({ aud: undefined }),
    'another audience': of({ aud: 'other' }),
    'an audience in capitals': of({ aud: 'DROPGATE' }),
    'a longer audience': of({ aud: 'dropgate-partner' }),
    'an audience in an object': of({ aud: { 0: 'dropgate' } }),
    'an audience with a space': of({ aud: 'dropgate ' }),
    'no subject': of({ sub: undefined }),
    'an empty subject': of({ sub: '' }),
    'a subject of a number': of({ sub: 1 }),
    'a subject of a list': of({ sub: ['alice'] }),
    'no issuer': of({ iss: undefined }),
    'another issuer': of({ iss: 'https://evil.example' }),
    'an issuer with a slash': of({ iss: `${provider.url}/corp/` }),
    'an issuer in a list': of({ iss: [`${provider.url}/corp`] }),
    'the partner’s issuer, our key': of({ iss: `${provider.url}/partner` }),
    'our issuer, the partner’s key': signed(partner, claims()),
    'our audience at the partner': signed(partner, claims({ aud: 'dropgate' }, 'partner')),
    'an issuer of an attribute': of({ iss: '__proto__' }),
  };
}
