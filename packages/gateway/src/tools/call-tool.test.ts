import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeFiles } from '../../test/support/temp-folder.ts';
import { keyOf, toolsKit } from '../../test/support/tools-kit.ts';

const seen: { url: string; headers: IncomingMessage['headers']; body: string }[] = [];
let held: ServerResponse[] = [];

const server = createServer(async (request, response) => {
  let body = '';
  for await (const piece of request) body += piece;
  const url = request.url ?? '';
  seen.push({ url, headers: request.headers, body });
  if (url.startsWith('/silent')) return;
  if (url.startsWith('/hang')) held.push(response);
  else if (url.startsWith('/fail')) response.writeHead(503).end('try later');
  else if (url.startsWith('/page')) {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Page</h1><p>Read me.');
  } else if (url.startsWith('/pdf')) {
    response.writeHead(200, { 'content-type': 'application/pdf' }).end('%PDF');
  } else response.end(`${request.method} ${url} ${body}`);
});
let base = '';
let projectRoot = '';

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  projectRoot = await mkdtemp(join(tmpdir(), 'dropgate-tools-'));
  await writeFiles(projectRoot, {
    'docs/guide.md': '# The guide\n\nRead it.',
    'docs/sub/deep.txt': 'deep',
    'docs/picture.png': 'no text',
    'docs/.hidden.md': 'hidden',
    'secret.md': 'secret',
  });
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(projectRoot, { recursive: true });
});

const city = {
  type: 'object',
  properties: { city: { type: 'string', maxLength: 20 }, units: { enum: ['c', 'f'] } },
  required: ['city'],
  additionalProperties: false,
};

/** Tools of these settings: of kind `http` where they name none. */
function toolsOf(settings: Readonly<Record<string, object>>, environment = {}) {
  const open = { allow_addresses: ['127.0.0.1'], parameters: city };
  const all = Object.entries(settings).map(([name, given]) => [
    name,
    'kind' in given ? given : { kind: 'http', ...open, ...given },
  ]);
  return toolsKit(Object.fromEntries(all), { projectRoot, environment });
}

test.each([
  ['fetch_docs', 'There is no gateway tool fetch_docs. Did you mean fetch_doc?'],
  ['banana', 'There is no gateway tool banana.'],
])('an unknown tool is answered with the nearest name: %s', async (name, text) => {
  const result = await toolsOf({}).call(name, {});
  expect(result).toMatchObject({ outcome: 'failed', violation: 'unknown', text });
});

describe('fetch_doc', () => {
  test.each([
    ['./guide.md', 'Title: The guide'],
    ['/sub/deep.txt', 'Source: sub/deep.txt\n\ndeep'],
    ['.', 'Source: .\n\nguide.md\nsub/deep.txt'],
  ])('reads %s', async (source, text) => {
    expect((await toolsOf({}).call('fetch_doc', { source })).text).toContain(text);
  });

  test.each([
    'nothing.md',
    '../secret.md',
    'sub/../../secret.md',
    '..\\secret.md',
    '/etc/passwd',
    '.hidden.md',
    'picture.png',
    'guide.md/..',
  ])('does not read %s, and names what there is', async (source) => {
    const { outcome, text } = await toolsOf({}).call('fetch_doc', { source });
    if (source === 'guide.md/..') return expect(text).not.toContain('secret');
    expect(outcome).toBe('failed');
    expect(text).toContain(`There is no document "${source}". There are: guide.md, sub/deep.txt.`);
  });

  test('reads pages of the hosts that it may reach, and no others', async () => {
    const web = { kind: 'fetch_doc', allow_hosts: ['127.0.0.1'], allow_addresses: ['127.0.0.1'] };
    const { call } = toolsOf({ fetch_doc: web });
    const read = async (path: string) => (await call('fetch_doc', { source: base + path })).text;
    expect(await read('/page')).toBe(`Title: Page\nSource: ${base}/page\n\n# Page\n\nRead me.`);
    expect(await read('/fail')).toMatch(/answered with status 503\.$/);
    expect(await read('/pdf')).toMatch(/is no text \(application\/pdf\)\.$/);
    const closed = await toolsOf({}).call('fetch_doc', { source: `${base}/page` });
    expect(closed.text).toContain('Only documents of this project can be read here');
  });
});

describe('an http tool', () => {
  test('puts arguments into the address, its query and its body, each in its place', async () => {
    const { call } = toolsOf({
      read: { url: `${base}/w/{city}?key=1` },
      write: { url: `${base}/w/{city}`, method: 'POST' },
    });
    const args = { city: 'a/../b?c#d&e', units: 'c' };
    expect((await call('read', args)).text).toBe('GET /w/a%2F..%2Fb%3Fc%23d%26e?key=1&units=c ');
    expect((await call('write', args)).text).toBe('POST /w/a%2F..%2Fb%3Fc%23d%26e {"units":"c"}');
    expect((await call('read', { city: '..' })).text).toContain('The argument city cannot be ".."');
  });

  test('sends secrets of the environment, and is not called while one is missing', async () => {
    const headers = { authorization: { env: 'WEATHER_KEY' }, 'x-plain': 'yes' };
    const settings = { weather: { url: `${base}/w/{city}`, headers } };
    const args = { city: 'Paris' };
    await toolsOf(settings, { WEATHER_KEY: 'abc' }).call('weather', args);
    expect(seen.at(-1)?.headers).toMatchObject({ authorization: 'abc', 'x-plain': 'yes' });
    expect(await toolsOf(settings).call('weather', args)).toMatchObject({
      outcome: 'failed',
      text: 'The tool weather is not set up yet. Go on without it.',
      error: 'WEATHER_KEY is not set in the environment.',
    });
  });

  test('tells what the server says of a failure', async () => {
    const { call } = toolsOf({ broken: { url: `${base}/fail/{city}` } });
    expect(await call('broken', { city: 'x' })).toMatchObject({
      outcome: 'failed',
      text: 'The tool broken failed: The server answered with status 503: try later',
    });
  });

  test('reaches no address of this machine that is not allowed', async () => {
    const { call } = toolsOf({ inner: { url: `${base}/w/{city}`, allow_addresses: [] } });
    expect((await call('inner', { city: 'x' })).text).toContain('tools may not reach');
  });

  test('that gives too much is cut, and says so', async () => {
    const { call } = toolsOf({
      long: { url: `${base}/w/{city}`, max_result_bytes: 100, parameters: { type: 'object' } },
    });
    const { text } = await call('long', { city: 'é'.repeat(200) });
    expect(text).toContain('[cut: ');
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(100);
  });

  test('that hangs is left after its time, and its schema that is none is told to admins', async () => {
    const bad = { type: 'object', properties: { city: { type: 'nonsense' } } };
    const { call } = toolsOf({
      slow: { url: `${base}/silent/{city}`, timeout_ms: 50 },
      odd: { url: `${base}/w/{city}`, parameters: bad },
    });
    expect(await call('slow', { city: 'x' })).toMatchObject({
      outcome: 'timeout',
      text: 'The tool slow failed: It took longer than 50 ms.',
    });
    expect(await call('odd', { city: 'x' })).toMatchObject({
      outcome: 'failed',
      text: 'The tool odd is not set up correctly. Go on without it.',
    });
  });

  test('does so many calls at once and no more', async () => {
    held = [];
    const { call } = toolsOf({ few: { url: `${base}/hang/{city}`, max_concurrent_calls: 2 } });
    const calls = ['a', 'b', 'c'].map((name) => call('few', { city: name }));
    await expect.poll(() => held.length).toBe(2);
    await sleep(30);
    expect(held).toHaveLength(2);
    held.shift()?.end('done');
    await expect.poll(() => held.length).toBe(2);
    for (const response of held) response.end('done');
    const results = await Promise.all(calls);
    expect(results.map(({ text }) => text)).toEqual(['done', 'done', 'done']);
  });
});

describe('a cache', () => {
  const ann = { id: 'ann', principal: 'user:ann' };
  const cached = (more = {}) => ({
    url: `${base}/hang/{city}`,
    cache: { ttl_seconds: 60, ...more },
  });
  const answerAll = () => {
    for (const response of held.splice(0)) response.end(`answer ${seen.length}`);
  };

  test('makes one call of a hundred equal ones, and gives its result again', async () => {
    held = [];
    const { call } = toolsOf({ slow: cached() });
    const calls = Array.from({ length: 100 }, () => call('slow', { units: 'c', city: 'x' }));
    await expect.poll(() => held.length).toBe(1);
    answerAll();
    const results = await Promise.all(calls);
    expect(results.map(({ cache }) => cache).toSorted()).toEqual([
      ...Array.from({ length: 99 }, () => 'joined'),
      'miss',
    ]);
    expect(await call('slow', { city: 'x', units: 'c' })).toMatchObject({
      cache: 'hit',
      text: results[0]?.text,
    });
    expect(held).toHaveLength(0);
  });

  test.each([
    ['is of one key alone', keyOf('key_2'), {}, 1],
    ['is of one user of a key alone', { ...keyOf('key_1'), user: ann }, {}, 1],
    ['is of all keys where the tool is shared', keyOf('key_2'), { shared: true }, 0],
  ])('%s', async (_what, caller, more, newCalls) => {
    held = [];
    const { call } = toolsOf({ slow: cached(more) });
    const first = call('slow', { city: 'x' });
    await expect.poll(() => held.length).toBe(1);
    answerAll();
    await first;
    const second = call('slow', { city: 'x' }, { caller });
    await expect.poll(() => held.length).toBe(newCalls);
    answerAll();
    expect((await second).cache).toBe(newCalls === 0 ? 'hit' : 'miss');
  });

  test('is not asked where a call says so, and keeps no failure', async () => {
    const { call } = toolsOf({
      fresh: { url: `${base}/w/{city}`, cache: { ttl_seconds: 60 } },
      broken: { url: `${base}/fail/{city}`, cache: { ttl_seconds: 60 } },
    });
    const before = seen.length;
    for (let count = 0; count < 2; count++) {
      expect((await call('fresh', { city: 'x' }, { noCache: true })).cache).toBe(null);
      expect((await call('broken', { city: 'x' })).outcome).toBe('failed');
    }
    expect(seen.length - before).toBe(4);
  });

  test('goes on for the others where one leaves, and ends the call with the last', async () => {
    held = [];
    const { call } = toolsOf({ slow: cached() });
    const [one, two] = [new AbortController(), new AbortController()];
    const calls = [one, two].map(({ signal }) => call('slow', { city: 'x' }, { signal }));
    await expect.poll(() => held.length).toBe(1);
    const [response] = held;
    const closed = new Promise((resolve) => response?.once('close', resolve));
    one.abort();
    expect(await calls[0]).toMatchObject({ outcome: 'aborted' });
    expect(response?.destroyed).toBe(false);
    two.abort();
    expect(await calls[1]).toMatchObject({ outcome: 'aborted' });
    await closed;
  });
});

test('a tool that is taken out of the settings while it is called gives its result all the same, and is there for no other call', async () => {
  held = [];
  const { tools, call } = toolsOf({ going: { url: `${base}/hang/{city}` } });
  const under = call('going', { city: 'x' });
  await expect.poll(() => held.length).toBe(1);
  tools.replace({});
  expect(await call('going', { city: 'x' })).toMatchObject({ violation: 'unknown' });
  held[0]?.end('done');
  expect(await under).toMatchObject({ outcome: 'ok', text: 'done' });
});

test('new settings hold at once, and leave alone what is set up as before', () => {
  const { tools } = toolsOf({ a: { url: `${base}/a` }, b: { url: `${base}/b` } });
  let changes = 0;
  tools.onChange(() => {
    changes += 1;
  });
  const [a, b] = [tools.find('a'), tools.find('b')];
  const settings = Object.fromEntries(tools.list().map((tool) => [tool.name, tool.settings]));
  tools.replace(structuredClone(settings));
  expect([tools.find('a') === a, changes]).toEqual([true, 0]);
  const { b: _, ...rest } = settings;
  tools.replace(rest);
  expect([tools.find('a') === a, tools.find('b'), b !== null, changes]).toEqual([
    true,
    null,
    true,
    1,
  ]);
});
