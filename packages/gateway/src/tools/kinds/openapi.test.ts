import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { writeFiles } from '../../../test/support/temp-folder.ts';
import { type ToolsKit, toolsKit } from '../../../test/support/tools-kit.ts';

const yaml = (server: string) => `
openapi: 3.0.3
servers:
  - url: "${server}/{version}"
    variables: { version: { default: v1 } }
paths:
  /orders/{id}:
    parameters:
      - { $ref: "#/components/parameters/Id" }
    get:
      operationId: getOrder
      summary: Tells of an order.
      parameters:
        - { name: fields, in: query, schema: { type: array, items: { type: string } } }
        - { name: X-Trace, in: header, schema: { type: string } }
        - { name: Authorization, in: header, schema: { type: string } }
    delete: { operationId: removeOrder }
  /orders:
    post:
      requestBody:
        required: true
        content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } }
  /teapot:
    get: { operationId: brew }
components:
  parameters:
    Id: { name: id, in: path, required: true, description: Number of the order., schema: { type: string } }
  schemas:
    Order:
      type: object
      required: [item]
      properties: { item: { type: string }, parts: { type: array, items: { $ref: "#/components/schemas/Order" } } }
`;

let document = '';
const server = createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  if (request.url === '/api.yaml') return response.end(document);
  if (request.url === '/v1/teapot') return response.writeHead(418).end('short and stout');
  const { authorization = '', 'x-trace': trace = '' } = request.headers;
  return response.end(`${request.method} ${request.url} ${body} ${authorization} ${trace}`.trim());
});
let base = '';
let projectRoot = '';
let kit: ToolsKit;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  projectRoot = await mkdtemp(join(tmpdir(), 'dropgate-openapi-'));
  await writeFiles(projectRoot, { 'api.yaml': yaml(base), 'text.md': '# No document' });
});
afterEach(() => kit.close());
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(projectRoot, { recursive: true });
});

function open(settings: object, environment: Readonly<Record<string, string>> = {}): ToolsKit {
  const given = {
    kind: 'openapi',
    document: 'api.yaml',
    allow_addresses: ['127.0.0.1'],
    ...settings,
  };
  kit = toolsKit({ shop: given }, { projectRoot, environment });
  kit.tools.start();
  return kit;
}

async function ready(settings: object = {}, environment = {}): Promise<ToolsKit> {
  const opened = open(settings, environment);
  await until('the tools', () => names().length > 0);
  return opened;
}

const names = () =>
  kit.tools.list().flatMap(({ name, source }) => (source === 'shop' ? [name] : []));

async function problem(): Promise<string | undefined> {
  await until('what is wrong', () => kit.tools.problems().length > 0);
  return kit.tools.problems()[0]?.problem;
}

test('each operation is a tool, but for those that patterns leave out', async () => {
  await ready();
  expect(names()).toEqual(['shop_brew', 'shop_getOrder', 'shop_post_orders', 'shop_removeOrder']);
  await kit.close();
  await ready({ include: ['*Order'], exclude: ['remove*'], prefix: 'orders_' });
  expect(names()).toEqual(['orders_getOrder']);
});

test('a tool takes what its operation takes, but for credentials', async () => {
  const { tools } = await ready();
  expect(tools.find('shop_getOrder')).toMatchObject({
    description: 'Tells of an order.',
    parameters: {
      type: 'object',
      properties: {
        id: { type: 'string', description: 'Number of the order.' },
        fields: { type: 'array', items: { type: 'string' } },
        'X-Trace': { type: 'string' },
      },
      required: ['id'],
      additionalProperties: false,
    },
  });
  expect(JSON.stringify(tools.find('shop_getOrder')?.parameters)).not.toContain('Authorization');
});

test('a call puts each argument in its place, and the settings’ headers over all', async () => {
  const headers = { Authorization: { env: 'SHOP_KEY' }, 'x-trace': 'ours' };
  const { call, secrets } = await ready({ headers }, { SHOP_KEY: 'shop-secret' });
  const order = { id: 'a/b?c', fields: ['x', 'y'], 'X-Trace': 'mine' };
  expect((await call('shop_getOrder', order)).text).toBe(
    'GET /v1/orders/a%2Fb%3Fc?fields=x&fields=y  [secret] ours',
  );
  expect(
    (await call('shop_post_orders', { body: { item: 'hat', parts: [{ item: 'rim' }] } })).text,
  ).toBe('POST /v1/orders {"item":"hat","parts":[{"item":"rim"}]} [secret] ours');
  expect((await call('shop_post_orders', { body: {} })).text).toContain("required property 'item'");
  expect((await call('shop_getOrder', { id: '..' })).text).toContain('cannot be ".."');
  expect((await call('shop_brew', {})).text).toBe(
    'The tool shop_brew failed: The server answered with status 418: short and stout',
  );
  expect(secrets).toContain('shop-secret');
});

test('a document on a server is read again with a refresh', async () => {
  document = yaml(base);
  const { tools } = await ready({ document: `${base}/api.yaml` });
  document = document.replaceAll('brew', 'steep');
  await tools.refresh();
  expect(names()).toContain('shop_steep');
});

test('a document that is read again leaves the results of what is as it was', async () => {
  document = yaml(base);
  const cached = { document: `${base}/api.yaml`, cache: { ttl_seconds: 60 } };
  const { tools, call } = await ready(cached);
  const ask = async () => (await call('shop_getOrder', { id: '1' })).cache;
  expect(await ask()).toBe('miss');
  document = document.replaceAll('brew', 'steep');
  await tools.refresh();
  expect([names().includes('shop_steep'), await ask()]).toEqual([true, 'hit']);
  document = document.replace('Tells of an order.', 'Tells of one order.');
  await tools.refresh();
  expect(await ask()).toBe('miss');
});

test('a document on a server sends keys to nobody else', async () => {
  document = yaml('https://elsewhere.example');
  open({ document: `${base}/api.yaml` });
  expect(await problem()).toContain('It sends requests to elsewhere.example.');
  await kit.close();
  const { call } = await ready({ document: `${base}/api.yaml`, base_url: `${base}/v2/` });
  expect((await call('shop_removeOrder', { id: 'x' })).text).toBe('DELETE /v2/orders/x');
});

test.each([
  ['that is not there', { document: 'nothing.yaml' }, /ENOENT|no such/i],
  ['that is none', { document: 'text.md' }, /no document in OpenAPI 3/],
  [
    'in a closed network',
    { document: 'http://127.0.0.1:9/', allow_addresses: [] },
    /may not reach/,
  ],
])('a document %s is told of', async (_what, settings, reason) => {
  open(settings);
  expect(await problem()).toMatch(reason);
  expect(kit.tools.mayHave('shop_getOrder')).toBe(true);
});
