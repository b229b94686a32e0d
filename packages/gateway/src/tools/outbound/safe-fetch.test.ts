import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSafeFetch, type OutboundSettings } from './safe-fetch.ts';

/** What names are to these tests; what is not here is no name. */
const names: Readonly<Record<string, readonly string[]>> = {
  'open.example': ['127.0.0.1'],
  'other.example': ['127.0.0.1'],
  'public.example': ['93.184.215.14'],
  'mixed.example': ['93.184.215.14', '127.0.0.1'],
  'private.example': ['10.0.0.7'],
  localhost: ['127.0.0.1'],
  'xn--bcher-kva.example': ['127.0.0.1'],
};

const outbound = createSafeFetch({
  environment: {},
  async lookupAll(host) {
    const found = rebinding && host === 'rebind.example' ? rebinding.shift() : names[host];
    if (!found) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    return found.map((address) => ({ address, family: 4 }));
  },
});
const rebinding: string[][] = [];

const answers: Readonly<
  Record<string, (request: IncomingMessage, response: ServerResponse) => void>
> = {
  '/hello': (_request, response) => response.end('hello'),
  '/headers': (request, response) => response.end(JSON.stringify(request.headers)),
  '/missing': (_request, response) => response.writeHead(404).end('not here'),
  '/loop': (_request, response) => response.writeHead(302, { location: '/loop' }).end(),
  '/long': (_request, response) => response.end('x'.repeat(5000)),
  '/endless': (_request, response) => {
    const more = () => void (response.writable && response.write('y'.repeat(1000), more));
    more();
  },
  '/bomb': (_request, response) =>
    response
      .writeHead(200, { 'content-encoding': 'gzip' })
      .end(gzipSync(Buffer.alloc(20 * 1024 * 1024))),
  '/packed': (_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unpacked')),
  '/garbage': (_request, response) =>
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('this is no gzip'),
  '/drip': (_request, response) => void response.write('z'),
};

const server = createServer((request, response) => {
  const url = new URL(request.url ?? '', 'http://x');
  const to = url.searchParams.get('to');
  if (to) response.writeHead(Number(url.searchParams.get('status') ?? 302), { location: to }).end();
  else answers[url.pathname]?.(request, response);
});
let port = 0;

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  await outbound.close();
  server.closeAllConnections();
  server.close();
});

type Asked = {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
};

/** Asks with the settings; `PORT` in an address is that of the server. */
async function ask(address: string, settings: Partial<OutboundSettings> = {}, asked: Asked = {}) {
  const answer = await outbound.fetch(
    {
      method: 'GET',
      maxBytes: 4096,
      signal: new AbortController().signal,
      ...asked,
      url: new URL(address.replaceAll('PORT', String(port))),
    },
    { allowHosts: ['*'], denyHosts: [], allowAddresses: [], ...settings },
  );
  return { ...answer, text: answer.bytes.toString() };
}

const here = { allowAddresses: ['127.0.0.1'] };

describe('what a tool may not reach', () => {
  test.each([
    'http://127.0.0.1:PORT/hello',
    'http://2130706433:PORT/hello',
    'http://0x7f000001:PORT/hello',
    'http://0x7f.1:PORT/hello',
    'http://0177.0.0.1:PORT/hello',
    'http://127.1:PORT/hello',
    'http://0:PORT/hello',
    'http://127.0.0.1.:PORT/hello',
    'http://[::1]:PORT/hello',
    'http://[::ffff:127.0.0.1]:PORT/hello',
    'http://[::ffff:7f00:1]:PORT/hello',
    'http://[::127.0.0.1]:PORT/hello',
    'http://[64:ff9b::7f00:1]:PORT/hello',
    'http://[2002:7f00:1::]:PORT/hello',
    'http://[fd00::1]:PORT/hello',
    'http://[fe80::1]:PORT/hello',
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.7/',
    'http://192.168.1.1/',
    'http://100.64.0.1/',
    'http://localhost:PORT/hello',
    'http://localhost.:PORT/hello',
    'http://LOCALHOST:PORT/hello',
    'http://private.example/',
    'http://mixed.example:PORT/hello',
    'http://bücher.example:PORT/hello',
    'http://①②⑦.0.0.1:PORT/hello',
  ])('%s is refused by its address', async (address) => {
    await expect(ask(address)).rejects.toThrow(/is at an address that tools may not reach/);
  });

  test.each([
    ['file:///etc/passwd', {}, /Only http: and https:/],
    ['ftp://public.example/', {}, /Only http: and https:/],
    ['http://user:pass@open.example/', here, /holds a user or a password/],
    ['http://open.example:PORT/hello', { ...here, allowHosts: [] }, /not among those/],
    ['http://open.example.:PORT/hello', { ...here, denyHosts: ['open.*'] }, /not among those/],
    ['http://OPEN.example:PORT/hello', { ...here, allowHosts: ['other.example'] }, /not among/],
    ['http://unknown.example/', here, /could not be reached: there is no such name/],
  ])('%s with %j', async (address, settings, message) => {
    await expect(ask(address, settings)).rejects.toThrow(message);
  });

  test('a name is connected to at the address that was checked, and looked at anew for each connection', async () => {
    rebinding.push(['127.0.0.1'], ['10.0.0.7']);
    expect((await ask('http://rebind.example:PORT/hello', here)).text).toBe('hello');
    await expect(ask('http://rebind.example:1/hello', here)).rejects.toThrow(/may not reach/);
    expect(rebinding).toEqual([]);
  });
});

describe('a redirect', () => {
  test.each([
    ['to a private address', 'http://10.0.0.7/', /may not reach/],
    ['to another spelling of this machine', 'http://[::1]:PORT/hello', /may not reach/],
    ['to a host that is not allowed', 'http://private.example/', /not among those/],
    ['to a file', 'file:///etc/passwd', /Only http: and https:/],
    ['to what is no address', 'http://[', /no address/],
    ['in a circle', '/loop', /more than 5 times/],
  ])('%s is refused', async (_what, to, message) => {
    const target = encodeURIComponent(to.replaceAll('PORT', String(port)));
    const settings = { ...here, allowHosts: ['open.example', '10.*', '::1'] };
    await expect(ask(`http://open.example:PORT/?to=${target}`, settings)).rejects.toThrow(message);
  });

  test('takes credentials along within an origin, and to no other', async () => {
    const headers = { authorization: 'secret' };
    const to = (target: string) => `http://open.example:PORT/?to=${encodeURIComponent(target)}`;
    expect((await ask(to('/headers'), here, { headers })).text).toContain('secret');
    const other = await ask(to(`http://other.example:${port}/headers`), here, { headers });
    expect(other).toMatchObject({ status: 200, url: `http://other.example:${port}/headers` });
    expect(other.text).not.toContain('secret');
  });

  test('takes a body to no other origin', async () => {
    const target = encodeURIComponent(`http://other.example:${port}/headers`);
    const asked = { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } };
    const address = `http://open.example:PORT/?to=${target}`;
    await expect(ask(`${address}&status=307`, here, asked)).rejects.toThrow(/with a body/);
    expect((await ask(`${address}&status=303`, here, asked)).text).not.toContain('content-type');
  });
});

describe('an answer', () => {
  test('comes with its status, whatever that is', async () => {
    expect(await ask('http://open.example:PORT/missing', here)).toMatchObject({
      status: 404,
      text: 'not here',
      isCut: false,
    });
  });

  test.each([
    ['long', '/long', 4096, true],
    ['endless', '/endless', 4096, true],
    ['packed beyond measure', '/bomb', 4096, true],
    ['packed', '/packed', 8, false],
  ])('that is %s is unpacked and read so far', async (_what, path, length, isCut) => {
    const answer = await ask(`http://open.example:PORT${path}`, here);
    expect([answer.bytes.length, answer.isCut]).toEqual([length, isCut]);
  });

  test('that is not packed as it says is refused', async () => {
    await expect(ask('http://open.example:PORT/garbage', here)).rejects.toThrow(
      /cannot be unpacked/,
    );
  });

  test('that does not end is left with the signal', async () => {
    const reason = new Error('enough');
    const abort = new AbortController();
    const answer = ask('http://open.example:PORT/drip', here, { signal: abort.signal });
    await new Promise((resolve) => server.once('request', resolve));
    abort.abort(reason);
    await expect(answer).rejects.toBe(reason);
  });
});
