import type { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose';

/** A key of an issuer: what it signs with, and what it publishes. */
export type IssuerKey = {
  readonly kid: string;
  readonly privateKey: webcrypto.CryptoKey;
  readonly jwk: JWK;
};

/** What stands in the header of a token beside `alg` and `kid`. */
type Header = Readonly<Record<string, unknown>>;

/** An issuer of tokens on the loopback, that does what a test wants of it. */
export type TestIssuer = AsyncDisposable & {
  readonly issuer: string;
  readonly jwksUrl: string;
  /** How often its keys were asked for. */
  readonly asked: () => number;
  /** Answers those who ask for its keys; with `null` as usual. */
  readonly answer: (listener: RequestListener | null) => void;
  /** Publishes these in place of the keys before. */
  readonly publish: (...keys: readonly IssuerKey[]) => void;
  readonly key: IssuerKey;
};

/** A fresh key, of ES256 unless another algorithm is named. */
export async function newIssuerKey(kid: string, alg = 'ES256'): Promise<IssuerKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
}

/** Begins to publish one key. */
export async function startIssuer(): Promise<TestIssuer> {
  const key = await newIssuerKey('first');
  let published: readonly IssuerKey[] = [key];
  let listener: RequestListener | null = null;
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    if (listener) listener(request, response);
    else response.end(keySetOf(...published));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    jwksUrl: `${issuer}/jwks`,
    key,
    asked: () => asked,
    answer(next) {
      listener = next;
    },
    publish(...keys) {
      published = keys;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A JSON Web Key Set. */
export function keySetOf(...keys: readonly Pick<IssuerKey, 'jwk'>[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
}

/** Signs claims as they are. */
export function sign(key: IssuerKey, claims: JWTPayload, header: Header = {}): Promise<string> {
  const { alg = 'ES256' } = key.jwk;
  return new SignJWT(claims)
    .setProtectedHeader({ alg, kid: key.kid, ...header })
    .sign(key.privateKey);
}

/** A token of any header and claims with a signature that is none. */
export function unsigned(header: object, claims: object, signature = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.${signature}`;
}
