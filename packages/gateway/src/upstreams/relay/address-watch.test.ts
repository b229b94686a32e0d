import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { GatewayEvent } from '../../events.ts';
import type { RemoteUpstream, Upstream } from '../upstream.ts';
import { createAddressWatch } from './address-watch.ts';
import { createUpstreamDispatcher } from './upstream-dispatcher.ts';

/** A server that has OpenAI's API below `/v1` alone, and lists models only where it is told to. */
async function startServer({ hasModels }: { readonly hasModels: boolean }) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers.authorization ?? ''}`.trim());
    const isThere =
      (hasModels && request.url === '/v1/models') || request.url === '/v1/chat/completions';
    response.writeHead(isThere ? 401 : 404).end();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { asked, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function watch() {
  const dispatcher = createUpstreamDispatcher({});
  onTestFinished(() => dispatcher.destroy());
  const told: GatewayEvent[] = [];
  const watching = createAddressWatch(dispatcher, (event) => void told.push(event));
  const notFound = (baseUrl: string, status = 404) => {
    const upstream = { type: 'remote', name: 'local', baseUrl, api: 'chat_completions' } as const;
    const upstreams = new Map<string, Upstream>([
      ['local', { ...upstream, apiKey: 'sk-never-sent' } as unknown as RemoteUpstream],
    ]);
    watching({ upstream: 'local', status }, upstreams);
  };
  return { notFound, told };
}

test.each([true, false])(
  'an address without the API is told once, with the one that has it (models: %s)',
  async (hasModels) => {
    const { asked, origin } = await startServer({ hasModels });
    const { notFound, told } = watch();
    notFound(origin, 500);
    for (const _ of [1, 2]) notFound(origin);
    await expect.poll(() => told).toHaveLength(1);
    const better = `${origin}/v1`;
    const event = { type: 'upstream_misplaced', upstream: 'local', baseUrl: origin, better };
    expect(told).toEqual([event]);
    expect(asked[0]).toBe('GET /models');
    expect(asked.join()).not.toContain('sk-never-sent');
  },
);

test('of a server that has the API a 404 is about the model, and nothing is told', async () => {
  const { asked, origin } = await startServer({ hasModels: false });
  const { notFound, told } = watch();
  notFound(`${origin}/v1`);
  notFound(`${origin}/elsewhere`);
  await expect.poll(() => told).toMatchObject([{ better: `${origin}/v1` }]);
  expect(asked.slice(0, 2)).toContain('GET /v1/models');
});
