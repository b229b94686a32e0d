import { OutboundError } from './outbound-error.ts';

/** One request on the way to an answer. */
export type Hop = {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
};

/** True for an answer that sends on. */
export function isRedirect(status: number, location: string): boolean {
  return [301, 302, 303, 307, 308].includes(status) && location !== '';
}

/**
 * The request that a redirect asks for. Headers, which may hold credentials, go to no
 * other origin, and neither does a body.
 *
 * @throws OutboundError for one that is not followed.
 */
export function afterRedirect(hop: Hop, status: number, location: string): Hop {
  const url = URL.parse(location, hop.url.href);
  if (!url) throw new OutboundError('The server sends on to what is no address.');
  if (hop.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new OutboundError('The server sends on from https: to http:, which is not followed.');
  }
  const isRead = hop.method === 'GET' || hop.method === 'HEAD';
  const becomesRead = status === 303 || (status < 303 && hop.method === 'POST');
  const isSameOrigin = url.origin === hop.url.origin;
  if (!isRead && !becomesRead && !isSameOrigin) {
    throw new OutboundError('The server sends a request with a body on to another one.');
  }
  return {
    method: isRead || !becomesRead ? hop.method : 'GET',
    url,
    headers: isSameOrigin ? withoutBodyHeaders(hop.headers, becomesRead && !isRead) : {},
    body: becomesRead ? null : hop.body,
  };
}

function withoutBodyHeaders(headers: Hop['headers'], isWithoutBody: boolean): Hop['headers'] {
  if (!isWithoutBody) return headers;
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith('content-')),
  );
}
