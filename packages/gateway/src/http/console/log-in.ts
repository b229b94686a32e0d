import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { GatewayError } from '../../errors.ts';
import type { ConsoleSession } from '../../policy/sessions/session.ts';
import type { loginBody } from '../../protocol/console/session-answer.ts';
import { isTokenLike } from '../../protocol/security/token-principal.ts';
import type { HttpDeps } from '../deps.ts';
import { requireOwnPage } from './own-page.ts';

/**
 * Begins a session for whoever holds a key, or the code of a link.
 *
 * @throws GatewayError `key_invalid` for what is no key, `not_allowed` for a scraper's, `key_missing` for another
 * site's page.
 */
export async function logIn(
  deps: HttpDeps,
  request: FastifyRequest,
  login: z.infer<typeof loginBody>,
): Promise<ConsoleSession> {
  requireOwnPage(request);
  if ('code' in login) return deps.console.sessions.redeem(login.code);
  const key = login.key.trim();
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
  return deps.console.sessions.begin(holder);
}

function tokenRefused(): GatewayError {
  return new GatewayError(
    'key_invalid',
    'Tokens of identity providers do not log in to the console. Paste an API key, which begins with dg_.',
  );
}
