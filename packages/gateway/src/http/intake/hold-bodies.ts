import { GatewayError } from '../../errors.ts';
import type { Exchange } from '../exchange.ts';

/** Bodies of the largest size that are held at the same time. */
const heldBodies = 8;

/** How many of them may be of one key: one that sends slowly must not keep the others out. */
const heldBodiesOfKey = 6;

/** Smaller ones are not worth counting. */
const smallBytes = 256 * 1024;

/**
 * Bounds what bodies hold in memory together: a body is there whole before it can be refused, and its texts for as
 * long as its run lasts. One that does not say how long it is is counted as it comes, and cut off where there is no
 * room: to answer it would mean to read it.
 *
 * @returns Called before a body is read, in the turn in which it begins to be. Throws GatewayError `overloaded`, and
 * `invalid_request` for a compressed one: what is decided about a body has to be decided about what is in it.
 */
export function createBodyHold(bodyLimitBytes: number): (exchange: Exchange) => void {
  const roomBytes = heldBodies * bodyLimitBytes;
  const countedFrom = Math.min(smallBytes, bodyLimitBytes / heldBodies);
  let heldBytes = 0;
  const heldOfKey = new Map<string, number>();
  const add = (keyId: string, bytes: number): void => {
    heldBytes += bytes;
    const ofKey = (heldOfKey.get(keyId) ?? 0) + bytes;
    if (ofKey > 0) heldOfKey.set(keyId, ofKey);
    else heldOfKey.delete(keyId);
  };
  return ({ request: { headers, raw, caller }, reply }) => {
    const isChunked = headers['transfer-encoding'] !== undefined;
    const length = Number(headers['content-length'] ?? 0);
    if (!isChunked && length === 0) return;
    refuseCompressed(headers['content-encoding']);
    const keyId = caller?.keyId ?? '';
    let own = 0;
    const hold = (bytes: number): boolean => {
      const ofKey = (heldOfKey.get(keyId) ?? 0) + bytes;
      if (heldBytes + bytes > roomBytes || ofKey > heldBodiesOfKey * bodyLimitBytes) return false;
      if (own === 0) reply.raw.once('close', () => add(keyId, -own));
      own += bytes;
      add(keyId, bytes);
      return true;
    };
    if (isChunked) {
      raw.on('data', ({ length: bytes }: Buffer) => hold(bytes) || raw.destroy(noRoom()));
      return;
    }
    // One that is larger than it may be is refused as such, unread.
    if (length > countedFrom && length <= bodyLimitBytes && !hold(length)) throw noRoom();
  };
}

function refuseCompressed(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new GatewayError(
    'invalid_request',
    'The body must not be compressed. Send it without Content-Encoding.',
  );
}

function noRoom(): GatewayError {
  return new GatewayError(
    'overloaded',
    'The gateway holds as many large requests as it can. Try again in a moment.',
  );
}
