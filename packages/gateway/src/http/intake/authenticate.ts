import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';
import type { Caller, KeyHolder } from '../../protocol/policy.ts';
import { isTokenLike, maxTokenChars } from '../../protocol/security/token-principal.ts';
import { authenticateSession } from '../console/authenticate-session.ts';
import type { HttpDeps } from '../deps.ts';
import type { Audience } from '../route.ts';
import { traceOf } from './request-context.ts';

/** Longer keys are none of ours and are not worth hashing. */
const maxKeyChars = 512;

/**
 * Says who calls, from the Authorization header, or without one from the cookie of the console: at once for a key, which
 * has nobody wait.
 *
 * @throws GatewayError `key_missing` or `key_invalid`, and of a cookie `session_expired` or `csrf_token_invalid`; of a
 * token the promise rejects.
 */
export function authenticate(
  request: FastifyRequest,
  deps: Pick<HttpDeps, 'authenticate' | 'console'>,
): Caller | Promise<Caller> {
  const holder = holderOf(request, deps);
  if (!holder) {
    throw new GatewayError('key_invalid', 'The API key is unknown, expired or revoked.');
  }
  const asCaller = (known: KeyHolder) => ({
    ...known,
    requestId: request.id,
    ...traceOf(request),
  });
  return holder instanceof Promise ? holder.then(asCaller) : asCaller(holder);
}

function holderOf(
  request: FastifyRequest,
  deps: Pick<HttpDeps, 'authenticate' | 'console'>,
): ReturnType<HttpDeps['authenticate']> {
  const { authorization } = request.headers;
  const session = authorization === undefined ? authenticateSession(request, deps.console) : null;
  return session?.then(({ holder }) => holder) ?? deps.authenticate(secretOf(authorization));
}

/**
 * Holds a caller against what the route asks for.
 *
 * @throws GatewayError `not_allowed`.
 */
export function checkAccess(
  request: FastifyRequest,
  caller: Caller,
  mayAdminister: HttpDeps['mayAdminister'],
): void {
  if (request.is404) return;
  const { audience = 'admins', resource = '' } = request.routeOptions.config;
  if (isOpen(audience, caller, () => mayAdminister(caller, resource))) return;
  const isScoped = caller.namespaces !== null || caller.agents !== null;
  const limited = isScoped ? ' that is limited to some agents' : '';
  throw new GatewayError(
    'not_allowed',
    `A key with the role '${caller.role}'${limited} may not use ${request.method} ${resource}.`,
  );
}

function isOpen(audience: Audience, { role }: Caller, mayAdminister: () => boolean): boolean {
  switch (audience) {
    case 'anyone':
      return true;
    case 'callers':
      return role !== 'metrics';
    case 'scrapers':
      return mayAdminister();
    case 'operators':
    case 'admins':
      // Asked first: a scraper’s attempt is a decision too.
      return mayAdminister() && role !== 'metrics';
    default:
      return audience satisfies never;
  }
}

function secretOf(header: string | undefined): string {
  const [scheme = '', secret = '', ...rest] = (header ?? '').trim().split(/ +/);
  if (scheme === '' || (scheme.toLowerCase() === 'bearer' && secret === '')) {
    throw new GatewayError(
      'key_missing',
      'No API key was sent. Send one as Authorization: Bearer <key>.',
    );
  }
  const isOurs = scheme.toLowerCase() === 'bearer' && rest.length === 0;
  const maxChars = isTokenLike(secret) ? maxTokenChars : maxKeyChars;
  if (!isOurs || secret.length > maxChars) {
    throw new GatewayError(
      'key_invalid',
      isOurs && isTokenLike(secret)
        ? `The token is longer than ${maxTokenChars} characters.`
        : 'The Authorization header is not of the form Bearer <key>.',
    );
  }
  return secret;
}
