import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** A new id of a request. */
export function newRequestId(): string {
  // Node draws many of these at once; 24 digits of one are 90 random bits.
  return `req_${randomUUID().replaceAll('-', '').slice(8)}`;
}

/**
 * The id of a request: that of its `x-request-id` header where it is one, else a new one. A name for people to search
 * for, and no more: senders choose it, so nothing may be looked up or booked by it alone.
 */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const id = headers['x-request-id'];
  return typeof id === 'string' && /^[A-Za-z0-9][\w.:-]{0,127}$/.test(id) ? id : newRequestId();
}

/** The trace that a request is part of, by its `traceparent` header of W3C Trace Context; nothing where that is none. */
export function traceOf({ headers }: Pick<IncomingMessage, 'headers'>): { traceparent?: string } {
  const { traceparent } = headers;
  return typeof traceparent === 'string' && TRACEPARENT.test(traceparent) ? { traceparent } : {};
}

/** Version 00, whose ids are not all zeros. */
const TRACEPARENT = /^00-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}$/;
