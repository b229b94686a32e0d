import type { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { OutboundError } from './outbound-error.ts';

/** How answers may come packed; what a request says of it. */
export const acceptedEncodings = 'gzip, deflate, br';

/** The body of an answer, unpacked, or as much of it as fits. */
export type AnswerBytes = { readonly bytes: Buffer; readonly isCut: boolean };

/**
 * Reads a body up to `maxBytes` of what is unpacked; what is beyond is neither read nor unpacked.
 *
 * @throws OutboundError for a packing that is not known, or that is none.
 */
export async function readAnswer(
  body: Readable,
  options: {
    readonly encoding: string;
    readonly maxBytes: number;
    readonly signal: AbortSignal;
  },
): Promise<AnswerBytes> {
  const unpack = unpacker(options.encoding, body);
  const pieces: Buffer[] = [];
  let length = 0;
  let isCut = false;
  const take = async (source: AsyncIterable<Buffer>) => {
    for await (const piece of source) {
      pieces.push(piece);
      length += piece.length;
      isCut = length > options.maxBytes;
      if (isCut) return;
    }
  };
  try {
    if (unpack) await pipeline(body, unpack, take, { signal: options.signal });
    else await pipeline(body, take, { signal: options.signal });
  } catch (error) {
    options.signal.throwIfAborted();
    // Whoever stops reading ends the source too early, which is an error only to the source.
    if (!isCut)
      throw new OutboundError('The answer broke off or cannot be unpacked.', { cause: error });
  }
  return { bytes: Buffer.concat(pieces).subarray(0, options.maxBytes), isCut };
}

/** Reads no more of a body; nobody is there to hear how that ends. */
export function leave(body: Readable): void {
  body.on('error', () => undefined).destroy();
}

function unpacker(encoding: string, body: Readable): Transform | null {
  switch (encoding.trim().toLowerCase()) {
    case '':
    case 'identity':
      return null;
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      leave(body);
      throw new OutboundError('The answer is packed in a way that is not known here.');
  }
}
