import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import type { IssuerKey } from './token-issuer.ts';

/** Somebody who can sign in, with any password. */
type Person = { readonly name: string; readonly groups: readonly string[]; readonly plan?: string };

/** A real OpenID Connect provider on the loopback, with a client of its own that people sign in through. */
export type OidcProvider = AsyncDisposable & {
  readonly issuer: string;
  readonly jwksUrl: string;
  /** What it signs with. */
  readonly key: IssuerKey;
  /** Signs somebody in as a browser does, with the authorization code flow and PKCE; resolves with the access token. */
  readonly signIn: (login: string) => Promise<string>;
};

const clientId = 'chat-app';
const redirectUri = 'http://127.0.0.1/signed-in';

/**
 * @param audience - Of its access tokens: the resource that they are for.
 * @param people - By their logins, which are their subjects.
 */
export async function startOidcProvider(
  audience: string,
  people: Readonly<Record<string, Person>>,
): Promise<OidcProvider> {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const named = { kid: 'provider-1', alg: 'ES256', use: 'sig' };
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jwk = { ...(await exportJWK(privateKey)), ...named };
  const provider = new Provider(issuer, configurationOf(audience, people, jwk));
  server.on('request', provider.callback());
  return {
    issuer,
    jwksUrl: `${issuer}/jwks`,
    key: { kid: named.kid, privateKey, jwk: { ...(await exportJWK(publicKey)), ...named } },
    signIn: (login) => signIn(issuer, audience, login),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function configurationOf(audience: string, people: Readonly<Record<string, Person>>, jwk: object) {
  return {
    jwks: { keys: [jwk] },
    ttl: { Interaction: 60, Session: 60, Grant: 60, AccessToken: 3600, IdToken: 60 },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    clients: [
      {
        client_id: clientId,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => audience,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          audience,
          scope: 'run',
          accessTokenFormat: 'jwt',
          accessTokenTTL: 3600,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    findAccount: (_context: unknown, sub: string) => ({
      accountId: sub,
      claims: () => ({ sub }),
    }),
    extraTokenClaims(_context: unknown, { accountId }: { readonly accountId: string }) {
      const { name, ...claims } = people[accountId] ?? { name: accountId };
      return { name, ...claims };
    },
  };
}

/** Follows the redirects of a sign-in, and answers the two forms on the way: who it is, and that it consents. */
async function signIn(issuer: string, audience: string, login: string): Promise<string> {
  const verifier = randomBytes(32).toString('base64url');
  const question = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid run',
    resource: audience,
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const browser = createBrowser();
  let at = await browser.go(`${issuer}/auth?${question}`);
  for (const form of [{ prompt: 'login', login, password: 'any' }, { prompt: 'consent' }]) {
    at = await browser.go(at, new URLSearchParams(form));
  }
  const code = new URL(at).searchParams.get('code');
  if (code === null) throw new Error(`The provider sent no code: ${at}`);
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code,
      code_verifier: verifier,
    }),
  });
  const body = (await answer.json()) as { access_token?: string };
  if (body.access_token === undefined) throw new Error(JSON.stringify(body));
  return body.access_token;
}

/** Keeps cookies, and follows redirects up to a page with a form, or back to the client. */
function createBrowser() {
  const cookies = new Map<string, string>();
  const open = async (url: string, form: URLSearchParams | null): Promise<string> => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: form } : {}),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      cookies.set(name, value);
    }
    const page = await response.text();
    const location = response.headers.get('location');
    if (location === null) {
      if (response.ok) return url;
      throw new Error(`${url} answered ${response.status}: ${page}`);
    }
    const next = new URL(location, url).href;
    return next.startsWith(redirectUri) ? next : open(next, null);
  };
  return {
    /** Opens a page, or sends the form on it; resolves with where that leads. */
    go: (url: string, form: URLSearchParams | null = null) => open(url, form),
  };
}
