import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';

const MAX_BODY_BYTES = 64 * 1024 * 1024;

/**
 * Reads a worker's request whole, so that it can be sent more than once.
 *
 * @throws GatewayError `body_too_large` over 64 MiB, `run_cancelled` where the worker leaves.
 */
export function readBody(request: IncomingMessage, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const stop = (error: unknown) => {
      request.off('data', take);
      reject(error);
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > MAX_BODY_BYTES) {
        stop(tooLarge());
      }
    };
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
      reject(tooLarge());
      return;
    }
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
