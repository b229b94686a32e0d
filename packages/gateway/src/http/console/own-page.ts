import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../../errors.ts';

/**
 * Refuses what a page of another origin had a browser send: its cookies are none of that page's business.
 *
 * @throws GatewayError `key_missing`
 */
export function requireOwnPage(request: FastifyRequest): void {
  const { 'sec-fetch-site': site = 'none' } = request.headers;
  // Not those of other pages by name: what is written otherwise, or twice, is none of ours.
  const isOurs = site === 'same-origin' || site === 'none';
  if (isOurs && isOwnOrigin(request)) return;
  const from = request.headers.origin?.slice(0, 128) ?? 'another site';
  throw new GatewayError(
    'key_missing',
    `The login of the console does not count for a page of ${from}. Send a key as Authorization: Bearer <key>. Where that is the console itself, let the proxy pass on Host, or X-Forwarded-Host with server.trust_proxy.`,
  );
}

function isOwnOrigin({ headers: { origin }, host, protocol }: FastifyRequest): boolean {
  if (origin === undefined) return true;
  const url = URL.parse(origin);
  if (!url || url.host === '') return false;
  if (protocol === 'https' && url.protocol !== 'https:') return false;
  // The port that goes without saying is in neither then.
  return url.host === URL.parse(`${url.protocol}//${host}`)?.host;
}
