import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { toolsKit } from '../../../test/support/tools-kit.ts';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const asked = { requestId: 'req_7', traceparent };

type Heard = { readonly headers: object; readonly meta: unknown };

let heard: Heard[] = [];
let base = '';

/** A page for each path, and at `/mcp` a server with one tool. */
const server = createServer(async (request, response) => {
  const { 'x-request-id': id, traceparent } = request.headers;
  const headers = { 'x-request-id': id, traceparent };
  if (request.url !== '/mcp') {
    heard.push({ headers, meta: undefined });
    response.setHeader('content-type', 'text/plain').end('A page.');
    return;
  }
  if (request.method !== 'POST') return void response.writeHead(405).end();
  const message = (await json(request)) as {
    id?: number;
    method: string;
    params?: { protocolVersion?: string; _meta?: { traceparent?: string } };
  };
  if (message.id === undefined) return void response.writeHead(202).end();
  if (message.method === 'tools/call') {
    heard.push({ headers, meta: message.params?._meta?.traceparent });
  }
  const results: Readonly<Record<string, object>> = {
    initialize: {
      protocolVersion: message.params?.protocolVersion,
      capabilities: { tools: {} },
      serverInfo: { name: 'pages', version: '1' },
    },
    'tools/list': { tools: [{ name: 'look', inputSchema: { type: 'object' } }] },
    'tools/call': { content: [{ type: 'text', text: 'A page.' }] },
  };
  const result = results[message.method] ?? {};
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ jsonrpc: '2.0', id: message.id, result }));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  heard = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

async function call(settings: object, tool: string, args: object): Promise<void> {
  const projectRoot = await tempFolder({
    'api.json': JSON.stringify({
      openapi: '3.1.0',
      servers: [{ url: base }],
      paths: { '/look': { get: { operationId: 'look' } } },
    }),
  });
  const entry = { ...settings, allow_addresses: ['127.0.0.1'] };
  const kit = toolsKit({ site: entry }, { projectRoot });
  onTestFinished(() => kit.close());
  kit.tools.start();
  await until('the tool', () => kit.tools.find(tool));
  expect(await kit.call(tool, args, asked)).toMatchObject({ outcome: 'ok' });
}

const url = () => `${base}/look`;
const kinds = [
  ['http', () => ({ kind: 'http', url: url(), parameters: { type: 'object' } }), 'site', {}],
  ['openapi', () => ({ kind: 'openapi', document: 'api.json' }), 'site_look', {}],
  ['mcp', () => ({ kind: 'mcp', url: `${base}/mcp` }), 'site_look', {}],
] as const;

test.each(kinds)(
  'a server that the operator named is told of the request: %s',
  async (kind, settings, tool, args) => {
    await call(settings(), tool, args);
    const meta = kind === 'mcp' ? traceparent : undefined;
    expect(heard).toEqual([{ headers: { 'x-request-id': 'req_7', traceparent }, meta }]);
  },
);

test.each(kinds)(
  'and is not where that is switched off: %s',
  async (_kind, settings, tool, args) => {
    await call({ ...settings(), trace_headers: false }, tool, args);
    expect(heard).toEqual([{ headers: {}, meta: undefined }]);
  },
);

test.each([
  [{}, {}],
  [{ trace_headers: true }, { 'x-request-id': 'req_7', traceparent }],
])(
  'a page that a model names is told of it only where that is switched on: %j',
  async (given, headers) => {
    const settings = { kind: 'fetch_doc', allow_hosts: ['127.0.0.1'], ...given };
    await call(settings, 'site', { source: url() });
    expect(heard).toEqual([{ headers, meta: undefined }]);
  },
);

test('headers of the settings win', async () => {
  const headers = { 'x-request-id': 'own' };
  await call({ ...kinds[0][1](), headers }, 'site', {});
  expect(heard).toEqual([{ headers: { 'x-request-id': 'own', traceparent }, meta: undefined }]);
});
