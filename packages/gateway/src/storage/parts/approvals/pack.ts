import { promisify } from 'node:util';
import { deflateRaw, inflateRaw } from 'node:zlib';

const deflate = promisify(deflateRaw);
const inflate = promisify(inflateRaw);

/** Fast rather than small: whoever was interrupted waits for it. */
const options = { level: 1 };

/** Largest that is unpacked: above any state with its input, and any file of a module. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;

/** Packs bytes into few. */
export function pack(bytes: Uint8Array | string): Promise<Uint8Array> {
  return deflate(bytes, options);
}

/** Bytes as they were packed. */
export function unpack(packed: Uint8Array): Promise<Buffer> {
  return inflate(packed, { maxOutputLength: MAX_UNPACKED_BYTES });
}
