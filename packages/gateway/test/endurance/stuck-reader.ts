import { request } from 'node:http';
import type { TestGateway } from '../acceptance/harness.ts';

/** A caller that asked for a stream, has its beginning, and reads nothing more. */
export type StuckReader = { readonly leave: () => void };

export function startStuckReader(
  gateway: TestGateway,
  secret: string,
  model: string,
): Promise<StuckReader> {
  const { promise, resolve, reject } = Promise.withResolvers<StuckReader>();
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  const asked = request(`${gateway.url}/v1/chat/completions`, { method: 'POST', headers });
  asked.on('error', reject).on('response', (response) => {
    response.once('data', () => {
      response.pause();
      resolve({ leave: () => asked.destroy() });
    });
  });
  asked.end(JSON.stringify({ model, stream: true, messages: [{ role: 'user', content: 'Go' }] }));
  return promise;
}
