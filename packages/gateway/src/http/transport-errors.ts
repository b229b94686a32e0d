import { maxHeaderSize } from 'node:http';
import type { Socket } from 'node:net';
import { type FailureCode, GatewayError } from '../errors.ts';
import type { EventOf } from '../events.ts';
import { errorResponse } from './error-response.ts';
import { newRequestId } from './intake/request-context.ts';

/** Fastify's own failures that are the caller's doing, by their code. */
const refusals: Readonly<Record<string, readonly [FailureCode, string]>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [
    'unsupported_content_type',
    'The body must be JSON: send it with the header Content-Type: application/json.',
  ],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [
    'invalid_request',
    'The body is not as long as its Content-Length says.',
  ],
  FST_ERR_BAD_URL: ['invalid_request', 'The URL is not valid: check its percent-encoding.'],
  FST_ERR_MAX_PARAM_LENGTH: ['route_not_found', 'The URL is too long to name anything.'],
};

const brokenConnections = ['ECONNRESET', 'ECONNABORTED', 'EPIPE'];

/** Anything thrown on the way of a request, as a `GatewayError`: also what Fastify throws itself. */
export function asGatewayError(thrown: unknown, bodyLimitBytes: number): GatewayError {
  const code = codeOf(thrown);
  // Told by its name: of the store, this side knows no more than that it may be away.
  if (thrown instanceof Error && thrown.name === 'StoreError') return storeAway(thrown);
  if (thrown instanceof GatewayError || code === undefined) return GatewayError.from(thrown);
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const limitMb = bodyLimitBytes / 2 ** 20;
    const limit = limitMb < 1 ? `${bodyLimitBytes} bytes` : `${Math.floor(limitMb)} MiB`;
    return new GatewayError('body_too_large', `The body is larger than the limit of ${limit}.`);
  }
  if (brokenConnections.includes(code)) {
    return new GatewayError('invalid_request', 'The connection ended before the body was whole.');
  }
  const refusal = refusals[code];
  return refusal ? new GatewayError(...refusal) : GatewayError.from(thrown);
}

function storeAway(cause: Error): GatewayError {
  return new GatewayError(
    'store_unavailable',
    'The store of the gateway cannot be used now, so nothing was read or changed. The log has the cause; try again later.',
    { cause, adminDetail: cause.message },
  );
}

/** What the log is told of something thrown on the way of a request: the cause, where a caller is told of a failure with a name. */
export function requestFailed(requestId: string, thrown: unknown): EventOf<'request_failed'> {
  const { code, cause } = asGatewayError(thrown, 0);
  return { type: 'request_failed', requestId, code, error: cause ?? thrown };
}

/** Answers what is no HTTP, or came too slowly, and ends the connection. */
export function answerSocketError(error: Error, socket: Socket): void {
  const code = codeOf(error);
  // After a first answer on this connection a second could end up in the middle of a stream.
  if (!socket.writable || socket.bytesWritten > 0 || brokenConnections.includes(code ?? '')) {
    socket.destroy();
    return;
  }
  const { status, headers, body } = errorResponse(socketFailure(code), null);
  const text = JSON.stringify(body);
  const lines = Object.entries({
    ...headers,
    'x-request-id': newRequestId(),
    connection: 'close',
    'content-length': String(Buffer.byteLength(text)),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} Refused\r\n${lines.join('')}\r\n${text}`, () => socket.destroy());
}

function socketFailure(code: string | undefined): GatewayError {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GatewayError('request_timeout', 'The request took too long to arrive.');
    case 'HPE_HEADER_OVERFLOW':
      // Browsers send a host the cookies of all its ports.
      return new GatewayError(
        'invalid_request',
        `The address and headers of the request are longer than ${maxHeaderSize} bytes together. Send less; in a browser, remove cookies of this host.`,
      );
    default:
      return new GatewayError('invalid_request', 'This is not a valid HTTP request.');
  }
}

function codeOf(thrown: unknown): string | undefined {
  const code: unknown = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
  return typeof code === 'string' ? code : undefined;
}
