import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';

/** Longest key, in characters: as long as others take it. */
const longestKey = 255;

/**
 * The key that a request's sender gave it, where it has the header.
 *
 * @throws GatewayError `invalid_value` where it is none, or there are two.
 */
export function idempotencyKeyOf({
  headers,
  rawHeaders,
}: Pick<IncomingMessage, 'headers' | 'rawHeaders'>): string {
  const key = headers['idempotency-key'];
  const sent = rawHeaders.filter(
    (name, at) => at % 2 === 0 && name.toLowerCase() === 'idempotency-key',
  );
  if (sent.length > 1) throw invalid('is sent twice. Send one');
  if (typeof key !== 'string' || key === '') throw invalid('is empty. Send one, or leave it out');
  if (key.length > longestKey) throw invalid(`is longer than ${longestKey} characters`);
  if (/\p{Cc}/u.test(key)) throw invalid('has control characters');
  return key;
}

function invalid(what: string): GatewayError {
  return new GatewayError('invalid_value', `The header Idempotency-Key ${what}.`, {
    param: 'Idempotency-Key',
  });
}
