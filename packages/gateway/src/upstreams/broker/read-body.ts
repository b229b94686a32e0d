import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../../errors.ts';
import { type HeldBody, maxBodyBytes } from './body-room.ts';

/** How long a body may take to come. It comes from this machine: whoever needs longer keeps room from others. */
const BODY_TIMEOUT_MS = 30_000;

/**
 * Reads a worker's request whole, so that it can be sent more than once. It takes room as it comes, whatever it says of
 * its length: that alone holds nothing.
 *
 * @throws GatewayError `body_too_large` over 64 MiB, `overloaded` where there is no room, `request_timeout` where it has
 *   not come within 30 s, `run_cancelled` where the worker leaves.
 */
export function readBody(
  request: IncomingMessage,
  { signal, held }: { readonly signal: AbortSignal; readonly held: HeldBody },
): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  return new Promise((resolve, reject) => {
    if (declared > maxBodyBytes) throw tooLarge();
    held.expect(declared);
    const chunks: Buffer[] = [];
    let size = 0;
    const timer = setTimeout(() => stop(tooSlow()), BODY_TIMEOUT_MS);
    const stop = (error: unknown) => {
      clearTimeout(timer);
      request.off('data', take);
      chunks.length = 0;
      reject(error);
    };
    const take = (chunk: Buffer) => {
      size += chunk.length;
      try {
        if (size > maxBodyBytes) throw tooLarge();
        held.add(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        stop(error);
      }
    };
    request.on('data', take);
    request.once('end', () => {
      clearTimeout(timer);
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

function tooSlow(): GatewayError {
  return new GatewayError(
    'request_timeout',
    `A model call has to arrive whole within ${BODY_TIMEOUT_MS / 1000} s. Send it without pauses.`,
  );
}
