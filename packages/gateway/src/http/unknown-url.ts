import type { FastifyRequest } from 'fastify';
import { GatewayError } from '../errors.ts';

const maxShownLength = 200;

/** What a path that is no route answers; `/v1/responses` is asked for so often that it is told where to go. */
export function unknownUrl({ method, url }: FastifyRequest): GatewayError {
  const path = url.split('?', 1)[0] ?? '';
  const advice = /^(\/v1)?\/responses(\/|$)/.test(path)
    ? ' There is no Responses API here; use POST /v1/chat/completions.'
    : ' GET /openapi.json lists what there is.';
  return new GatewayError(
    'route_not_found',
    `Unknown URL: ${method} ${path.slice(0, maxShownLength)}.${advice}`,
  );
}
