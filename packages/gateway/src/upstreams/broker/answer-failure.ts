import type { ServerResponse } from 'node:http';
import { failures, type GatewayError } from '../../errors.ts';

/** Tells a worker that the gateway itself refused, and why: an upstream's own headers of this name never reach it. */
const FAILURE_HEADER = 'x-dropgate-failure';

/**
 * Tells a worker what failed, in OpenAI's envelope. Where its answer has already begun the
 * connection is cut: a clean end would count as success.
 */
export function answerFailure(response: ServerResponse, error: GatewayError): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { status, type, wireCode } = failures[error.code];
  const { message, param } = error;
  const body = Buffer.from(JSON.stringify({ error: { message, type, param, code: wireCode } }));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': body.length,
    'x-should-retry': 'false',
    [FAILURE_HEADER]: error.code,
    ...(error.retryAfterSeconds === null
      ? {}
      : { 'retry-after': String(Math.ceil(error.retryAfterSeconds)) }),
    // What is left of a refused upload is not worth reading.
    ...(response.req.complete ? {} : { connection: 'close' }),
  });
  response.end(body);
}
