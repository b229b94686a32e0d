import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { remote, startBrokerOver, startUpstream, ways } from '../../../test/support/broker-kit.ts';

const KIB = 1024;
const question = JSON.stringify({ model: 'gpt-5', messages: [], stream: true });
const piece = `data: {"choices":[{"index":0,"delta":{"content":"${'x'.repeat(64 * KIB)}"}}]}\n\n`;

/** Streams without end, as fast as it is read. */
function stream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const more = () => {
    while (!response.destroyed && response.write(piece));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}

/** What a channel has on its way is not counted below 1 MiB. */
const ofOwnerBytes = { connections: 256 * KIB, 'the channel': 1280 * KIB };

test.each(ways)('answers over %s that a worker does not read are bounded together', async (way) => {
  const upstream = await startUpstream((_request, response) => stream(response));
  const limits = { ofOwnerBytes: ofOwnerBytes[way], ofAllBytes: 8192 * KIB };
  const { send, called, refused, room, read } = await startBrokerOver(way)(
    [remote(upstream.baseUrl, { api: 'chat_completions' })],
    undefined,
    undefined,
    {},
    { unread: limits },
  );
  read(false);
  const leaving = new AbortController();
  const asked = Array.from({ length: 10 }, () =>
    send('/chat/completions', { body: question, signal: leaving.signal }).catch(() => null),
  );
  expect(await called(1)).toMatchObject([
    {
      outcome: 'failed',
      error: 'answers wait unread in the gateway, and there is no room for more of them',
    },
  ]);
  expect(refused).toContain('model_answer');
  expect(room.heldBytes()).toBeLessThanOrEqual(limits.ofOwnerBytes);
  read(true);
  leaving.abort();
  await Promise.all(asked);
  // The broker sees a moment later that nobody wants the rest.
  while (room.heldBytes() > 0) await new Promise(setImmediate);
  const answer = await send('/chat/completions', { body: question });
  expect(answer.status).toBe(200);
  await answer.body?.cancel();
});
