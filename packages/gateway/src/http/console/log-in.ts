import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import type { ConsoleSession } from '../../policy/sessions/session.ts';
import type { loginBody } from '../../protocol/console/session-answer.ts';
import type { KeyHolder } from '../../protocol/policy.ts';
import { isTokenLike } from '../../protocol/security/token-principal.ts';
import type { HttpDeps } from '../deps.ts';
import { requireOwnPage } from './own-page.ts';

/**
 * Begins a session for whoever holds a key, or the code of a link.
 *
 * @param count - Counts the login as a request of the key; throws where it has sent too many.
 * @throws GatewayError `invalid_request` where not one of both is given, `key_invalid` for what is no key, `not_allowed` for a scraper's, `key_missing` for another
 * site's page.
 */
export async function logIn(
  deps: HttpDeps,
  request: FastifyRequest,
  login: z.infer<typeof loginBody>,
  count: (holder: KeyHolder) => Promise<void> | null,
): Promise<ConsoleSession> {
  requireOwnPage(request);
  const { code, key: given } = login;
  if ((code === undefined) === (given === undefined)) throw notOneOfBoth();
  if (code !== undefined) return deps.console.sessions.redeem(code);
  const key = (given ?? '').trim();
  if (isTokenLike(key)) throw tokenRefused();
  const holder = await deps.authenticate(key);
  if (!holder) {
    throw new GatewayError(
      'key_invalid',
      'The API key is unknown, expired or revoked. Paste another, or run `dropgate console` for a link.',
    );
  }
  if (holder.role === 'metrics') {
    throw new GatewayError(
      'not_allowed',
      'A key with the role metrics may scrape and no more. Log in with another key.',
    );
  }
  await count(holder);
  return deps.console.sessions.begin(holder);
}

function notOneOfBoth(): GatewayError {
  return new GatewayError(
    'invalid_request',
    'Send either `key`, the secret of an API key, or `code`, that of a one-time link.',
  );
}

function tokenRefused(): GatewayError {
  return new GatewayError(
    'key_invalid',
    'Tokens of identity providers do not log in to the console. Paste an API key, which begins with dg_.',
  );
}
