import type { FastifyReply, FastifyRequest } from 'fastify';

/** Named one by one because `*` covers no Authorization header; what OpenAI's client sends from a browser. */
const allowedHeaders = [
  'authorization',
  'content-type',
  'accept',
  'idempotency-key',
  'openai-organization',
  'openai-project',
  'openai-beta',
  'traceparent',
  'x-agent-tool-events',
  'x-client-request-id',
  'x-request-id',
  'x-session-id',
  'x-stainless-lang',
  'x-stainless-package-version',
  'x-stainless-os',
  'x-stainless-arch',
  'x-stainless-runtime',
  'x-stainless-runtime-version',
  'x-stainless-retry-count',
  'x-stainless-timeout',
  'x-stainless-async',
  'x-stainless-helper-method',
  'x-stainless-poll-helper',
  'x-stainless-custom-poll-interval',
].join(', ');

const exposedHeaders =
  'x-request-id, openai-processing-ms, x-agent-ignored, x-conversation-id, idempotent-replayed, x-original-request-id, x-should-retry, retry-after, x-ratelimit-limit-requests, x-ratelimit-remaining-requests, x-ratelimit-reset-requests';

const preflightMaxAgeSeconds = 600;

/**
 * Gives pages of the configured origins leave to read the answer.
 *
 * @returns True where the request is such a page's preflight, which is answered without a key.
 */
export function allowOrigin(
  request: FastifyRequest,
  reply: FastifyReply,
  origins: readonly string[],
): boolean {
  if (origins.length === 0) return false;
  reply.header('vary', 'Origin');
  const { origin } = request.headers;
  if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return false;
  reply.header('access-control-allow-origin', origin);
  reply.header('access-control-expose-headers', exposedHeaders);
  if (request.method !== 'OPTIONS' || !request.headers['access-control-request-method']) {
    return false;
  }
  reply.header('access-control-allow-methods', 'GET, HEAD, POST, DELETE, OPTIONS');
  reply.header('access-control-allow-headers', allowedHeaders);
  reply.header('access-control-max-age', String(preflightMaxAgeSeconds));
  return true;
}
