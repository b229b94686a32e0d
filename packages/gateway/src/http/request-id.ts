import { randomBytes } from 'node:crypto';

/** A new id of a request. Never a client's: those are guessable and repeat. */
export function newRequestId(): string {
  return `req_${randomBytes(12).toString('hex')}`;
}
