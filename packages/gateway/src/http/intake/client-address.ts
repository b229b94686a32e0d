import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * Which hops of `x-forwarded-*` are believed: with a proxy in front only what that proxy itself wrote, because
 * everything before it is the client's own word; without one nothing.
 */
export function trustNearest(
  hasProxy: boolean,
): false | ((address: string, hop: number) => boolean) {
  return hasProxy && ((_address, hop) => hop === 0);
}

/** Where a request comes from, for the log: it is no proof of who asks. Null once the connection is gone. */
export function clientAddress(request: FastifyRequest): string | null {
  const { ip } = request;
  return isIP(ip) ? ip : (request.socket.remoteAddress ?? null);
}
