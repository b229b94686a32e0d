import type { IncomingHttpHeaders } from 'node:http';

/** Between one hop and the next, set anew, or nobody's business but the gateway's. */
const DROPPED = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'proxy-authorization',
  'proxy-connection',
  // A part of an answer does not say what all of it cost.
  'range',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);
/** Of these some servers take another method, path or sender than were allowed here. */
const DISGUISES = /^(?:x-(?:http-)?method(?:-override)?|x-(?:original|rewrite)-.*|x-real-ip)$/;
const DROPPED_PREFIXES = /^(?:x-dropgate-|x-stainless-|x-forwarded-)/;
const PASSED_BACK =
  /^(?:content-type|content-length|content-encoding|content-disposition|x-request-id|retry-after|retry-after-ms|openai-.*|x-ratelimit-.*)$/;

/**
 * The headers of a worker's request that its upstream may see. `accept-encoding` is not among
 * them: usage is read from the bytes of the answer, so they must come uncompressed.
 */
export function requestHeaders(
  received: IncomingHttpHeaders,
  apiKey: string | null,
): Record<string, string | string[]> {
  const sent: Record<string, string | string[]> = {};
  for (const name in received) {
    const value = received[name];
    if (value !== undefined && mayPass(name)) sent[name] = value;
  }
  if (apiKey !== null) sent.authorization = `Bearer ${apiKey}`;
  return sent;
}

function mayPass(name: string): boolean {
  return !DROPPED.has(name) && !DROPPED_PREFIXES.test(name) && !DISGUISES.test(name);
}

/** The headers of an upstream's answer that a worker gets. The broker is its one retry layer. */
export function responseHeaders(received: IncomingHttpHeaders): Record<string, string | string[]> {
  const sent: Record<string, string | string[]> = { 'x-should-retry': 'false' };
  for (const name in received) {
    const value = received[name];
    if (value !== undefined && PASSED_BACK.test(name)) sent[name] = value;
  }
  return sent;
}

/** What of an answer can be read: a stream of events, JSON (also where it does not say what it is), or nothing. */
export function contentOf(headers: IncomingHttpHeaders): 'events' | 'json' | 'other' {
  const { 'content-encoding': encoding = 'identity' } = headers;
  if (encoding !== 'identity') return 'other';
  const type = typeOf(headers);
  if (type.startsWith('text/event-stream')) return 'events';
  return type === '' || isJson(headers) ? 'json' : 'other';
}

/** Whether an answer says it is JSON. */
export function isJson(headers: IncomingHttpHeaders): boolean {
  return typeOf(headers).includes('json');
}

/** Whether an answer can be one of OpenAI's API, by its type. */
export function isModelOutput(headers: IncomingHttpHeaders): boolean {
  return /^$|json|text\/event-stream/.test(typeOf(headers));
}

/** In small letters: the names of types have none of their own. */
function typeOf(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').toLowerCase();
}

/** How long an upstream wants to be left alone; 0 where it does not say. */
export function readRetryAfterMs(headers: IncomingHttpHeaders): number {
  const ms = Number.parseFloat(String(headers['retry-after-ms'] ?? ''));
  if (Number.isFinite(ms)) return Math.max(0, ms);
  const after = String(headers['retry-after'] ?? '');
  const seconds = Number(after || 'none');
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(after);
  return Number.isFinite(date) ? Math.max(0, date - Date.now()) : 0;
}
