import {
  createHmac,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign as signBytes,
} from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A key pair with its name. */
export type SigningKey = {
  readonly kid: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
};

/** A fresh RSA key, whose public half could be taken for a shared secret. */
export function newKeyPair(kid: string): SigningKey {
  return { kid, ...generateKeyPairSync('rsa', { modulusLength: 2048 }) };
}

export function jwkOf({ kid, publicKey }: SigningKey): JsonWebKey {
  return { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
}

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** A token with RS256, whose header may say more, or something else. */
export function signed(key: SigningKey, claims: unknown, header: object = {}): string {
  const text = `${part({ alg: 'RS256', kid: key.kid, typ: 'JWT', ...header })}.${part(claims)}`;
  return `${text}.${signBytes('sha256', Buffer.from(text), key.privateKey).toString('base64url')}`;
}

/** A token with a shared secret. */
export function withSecret(secret: string | Buffer, claims: unknown, header: object = {}): string {
  const text = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part(claims)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

/** A token whose signature is as it is given. */
export function unsigned(claims: unknown, header: object, signature = ''): string {
  return `${part(header)}.${part(claims)}.${signature}`;
}

/** Two issuers and whoever else is asked, on one server. */
export type Provider = {
  readonly url: string;
  /** By their path. */
  readonly asked: string[];
  /** What is published, by path: `/corp/jwks`. */
  readonly published: Map<string, readonly SigningKey[]>;
  readonly close: () => void;
};

/** Publishes keys by path, and sends on to where a query says. */
export async function startProvider(): Promise<Provider> {
  const published: Provider['published'] = new Map();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://x');
    asked.push(pathname);
    const keys = published.get(pathname);
    if (!keys) return void response.writeHead(404).end();
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ keys: keys.map(jwkOf) }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    published,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
