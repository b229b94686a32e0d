import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { type HeldBody, maxBodyBytes } from './body-room.ts';

/**
 * Reads a worker's request whole, so that it can be sent more than once. Room for what it says it is long is taken
 * before a byte is read; of one that does not say, as it comes.
 *
 * @throws GatewayError `body_too_large` over 64 MiB, `overloaded` where there is no room, `run_cancelled` where the
 *   worker leaves.
 */
export function readBody(
  request: IncomingMessage,
  { signal, held }: { readonly signal: AbortSignal; readonly held: HeldBody },
): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  return new Promise((resolve, reject) => {
    if (declared > maxBodyBytes) throw tooLarge();
    held.add(declared);
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (error: unknown) => {
      request.off('data', take);
      chunks.length = 0;
      reject(error);
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      try {
        if (size > maxBodyBytes) throw tooLarge();
        if (size > declared) held.add(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        stop(error);
      }
    };
    request.on('data', take);
    request.once('end', () => {
      const [only] = chunks;
      resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks, size));
    });
    request.once('error', () => stop(new GatewayError('run_cancelled', 'The worker left.')));
    signal.addEventListener('abort', () => stop(signal.reason), { once: true });
  });
}

function tooLarge(): GatewayError {
  return new GatewayError('body_too_large', 'A model call may be at most 64 MiB long.');
}
