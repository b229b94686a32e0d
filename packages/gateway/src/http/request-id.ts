import { randomUUID } from 'node:crypto';

/** A new id of a request. Never a client's: those are guessable and repeat. */
export function newRequestId(): string {
  // Node draws many of these at once; 24 digits of one are 90 random bits.
  return `req_${randomUUID().replaceAll('-', '').slice(8)}`;
}
