import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { everythingServer } from '../../../test/support/mcp-everything.ts';
import { missingPython, pythonWithSdk } from '../../../test/support/python-with-sdk.ts';
import { type ToolsKit, toolsKit } from '../../../test/support/tools-kit.ts';
import { hasProcess } from '../../system/processes.ts';
import { toolSchema } from '../settings.ts';

const fakeServer = join(import.meta.dirname, '../../../test/fixtures/mcp/server.mjs');
const command = (...args: string[]) => [process.execPath, fakeServer, ...args];

let projectRoot = '';
let kit: ToolsKit | null = null;

beforeAll(async () => {
  projectRoot = await mkdtemp(join(tmpdir(), 'dropgate-mcp-'));
});
afterEach(async () => {
  await kit?.close();
  kit = null;
});
afterAll(() => rm(projectRoot, { recursive: true }));

/** The tools of a server called `fake`, which has begun to look for them. */
function open(settings: object, environment: Readonly<Record<string, string>> = {}): ToolsKit {
  kit = toolsKit({ fake: { kind: 'mcp', ...settings } }, { projectRoot, environment });
  kit.tools.start();
  return kit;
}

/** The same, once it has told of them. */
async function ready(settings: object, environment = {}): Promise<ToolsKit> {
  const opened = open(settings, environment);
  await until('the tools', () => names(opened).length > 0);
  return opened;
}

const names = ({ tools }: ToolsKit) =>
  tools.list().flatMap(({ name, source }) => (source === 'fake' ? [name] : []));

/** A process that starts the server and speaks to it, as a gateway does. */
function startOwner(server: readonly string[]): ChildProcess {
  const transport = join(import.meta.dirname, '../mcp/stdio-transport.ts');
  const made = JSON.stringify({
    command: server,
    cwd: projectRoot,
    env: { PATH: process.env.PATH },
  });
  const script = `
    const { createStdioTransport } = await import(${JSON.stringify(transport)});
    await createStdioTransport(${made}).start();
    setInterval(() => {}, 1000);
  `;
  const args = ['--input-type=module', '--no-warnings', '--eval', script];
  return spawn(process.execPath, args, { stdio: 'inherit' });
}

test('a server that does not heed the end of its input is gone with a gateway that was killed', async () => {
  const pidFile = join(projectRoot, 'deaf.pid');
  const owner = startOwner(['sh', '-c', `echo $$ > ${pidFile}; sleep 1000; echo over`]);
  const pid = await until('the server', () => {
    const text = existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : '';
    return text.endsWith('\n') && Number(text);
  });
  expect(hasProcess(pid)).toBe(true);
  owner.kill('SIGKILL');
  await until('its end', () => !hasProcess(pid));
});

describe('the tools of an MCP server', () => {
  test('are those that patterns leave, under names that models take', async () => {
    const all = await ready({ command: command() });
    expect(names(all)).toEqual(
      ['babble', 'die', 'draw', 'fail', 'grow', 'hang', 'match', 'say', 'secret_word'].map(
        (name) => `fake_${name}`,
      ),
    );
    await all.close();
    const some = await ready({
      command: command(),
      include: ['s*', 'die'],
      exclude: ['sec*'],
      prefix: '',
    });
    expect(names(some)).toEqual(['die', 'say']);
    expect(some.tools.find('say')).toMatchObject({ kind: 'mcp', description: 'Says it.' });
  });

  test('have their arguments checked by schemas of any draft, and without their patterns', async () => {
    const { call } = await ready({ command: command() });
    expect(await call('fake_match', { text: `${'a'.repeat(40)}!` })).toMatchObject({
      text: 'matched',
    });
    expect(await call('fake_match', {})).toMatchObject({ violation: 'bad_arguments' });
  });

  test('give their texts, say what pictures are, and tell a model why they fail', async () => {
    const { call } = await ready({ command: command() });
    expect((await call('fake_say', { text: 'Hi' })).text).toMatch(/^Hi, says\n\n\d+$/);
    expect(await call('fake_draw', {})).toMatchObject({
      outcome: 'ok',
      text: '[image: image/png]',
    });
    expect(await call('fake_fail', {})).toMatchObject({
      outcome: 'failed',
      text: 'The tool fake_fail failed: There is no such file.',
    });
    expect(await call('fake_babble', {})).toMatchObject({
      outcome: 'failed',
      text: expect.stringContaining('answered what makes no sense'),
    });
  });

  test('get the variables of their settings, and nothing of the gateway’s own', async () => {
    const environment = {
      WORD_SECRET: 'sesame',
      GATEWAY_SECRET: 'hunter2',
      PATH: process.env.PATH,
    };
    const { call, secrets } = await ready(
      { command: command(), env: { WORD: { env: 'WORD_SECRET' } } },
      environment,
    );
    expect((await call('fake_secret_word', {})).text).toBe('sesame undefined');
    expect(secrets).toContain('sesame');
  });

  test('follow what the server has, and keep the cache of those that stay', async () => {
    const { tools, call } = await ready({ command: command(), cache: { ttl_seconds: 60 } });
    expect(await call('fake_say', { text: 'Hi' })).toMatchObject({ cache: 'miss' });
    await call('fake_grow', {});
    await until('the new tool', () => tools.find('fake_grown'));
    expect(await call('fake_say', { text: 'Hi' })).toMatchObject({ cache: 'hit' });
  });

  test('are over with the time of a call, and the server serves on', async () => {
    const { call } = await ready({ command: command(), timeout_ms: 200 });
    expect(await call('fake_hang', {})).toMatchObject({ outcome: 'timeout' });
    expect(await call('fake_say', { text: 'Hi' })).toMatchObject({ outcome: 'ok' });
  });
});

describe('an MCP server that', () => {
  test('tells of a tool at too great length is told of, and the others are there', async () => {
    const { tools } = await ready({ command: command('huge') });
    expect(tools.find('fake_huge')).toBeNull();
    expect(tools.problems()).toEqual([
      { source: 'fake', problem: 'The schemas of fake_huge are too long.' },
    ]);
  });

  test('dies in a call fails it, is told of, and is started again', async () => {
    const { call, tools } = await ready({ command: command() });
    const before = (await call('fake_say', { text: 'Hi' })).text;
    expect(await call('fake_die', {})).toMatchObject({
      outcome: 'failed',
      text: expect.stringContaining('Its server ended'),
    });
    await until('what is wrong', () => tools.problems().length > 0);
    expect(tools.problems()).toEqual([
      { source: 'fake', problem: expect.stringMatching(/^The server ended\. It said: .*code 3/s) },
    ]);
    expect(names({ tools } as ToolsKit)).toContain('fake_say');
    const after = await until('an answer', async () => {
      const result = await call('fake_say', { text: 'Hi' });
      return result.outcome === 'ok' && result.text;
    });
    expect(after).not.toBe(before);
    expect(tools.problems()).toEqual([]);
  });

  test('does not start is told of with its last words, tried again, and holds up no call', async () => {
    const file = join(projectRoot, 'database');
    const { call, tools } = open({ command: command('absent', file) });
    expect(tools.mayHave('fake_say')).toBe(true);
    await until('what is wrong', () => tools.problems().length > 0);
    expect(tools.problems()[0]?.problem).toMatch(/The database is away\.\s+It ended with code 1/);
    expect(await call('fake_say', { text: 'Hi' })).toMatchObject({ violation: 'unknown' });
    await writeFile(file, '');
    await tools.refresh();
    expect(await call('fake_say', { text: 'Hi' })).toMatchObject({ outcome: 'ok' });
    expect(tools.mayHave('fake_other')).toBe(false);
  });

  test.each([
    ['says nothing', { command: command('silent'), connect_timeout_ms: 300 }, /timed out/i],
    ['is no program', { command: ['./nothing-there'] }, /nothing-there: not found/],
    ['lacks a variable', { command: command(), env: { A: { env: 'B' } } }, /^.*B is not set/],
    ['is no server', { url: 'http://127.0.0.1:9/', allow_addresses: ['127.0.0.1'] }, /reached/],
    ['lies in a closed network', { url: 'http://127.0.0.1:9/' }, /may not reach/],
  ])('%s is told of, not waited for', async (_what, settings, reason) => {
    const { tools } = open(settings);
    await until('what is wrong', () => tools.problems().length > 0);
    expect(tools.problems()[0]?.problem).toMatch(reason);
  });

  test('prints what is no message is understood all the same', async () => {
    const { call } = await ready({ command: command('junk') });
    expect(await call('fake_say', { text: 'Hi' })).toMatchObject({ outcome: 'ok' });
  });

  test('is no longer in the settings ends, with what it started', async () => {
    const file = join(projectRoot, 'child');
    const { call, tools } = await ready({ command: command('children', file) });
    const { text } = await call('fake_say', { text: 'Hi' });
    const pids = [Number(text.split('\n').at(-1)), Number(readFileSync(file, 'utf8'))];
    expect(pids.every(hasProcess)).toBe(true);
    tools.replace({});
    expect(names({ tools } as ToolsKit)).toEqual([]);
    await until('their end', () => !pids.some(hasProcess));
  });
});

test('a server is a command or an address, one of both', () => {
  for (const given of [{}, { command: ['a'], url: 'http://a/' }]) {
    const { error } = toolSchema.safeParse({ kind: 'mcp', ...given });
    expect(error?.issues[0]?.message).toBe('Give either a command or a url.');
  }
});

describe('the reference server', () => {
  let server: ChildProcess | null = null;
  afterAll(() => server?.kill('SIGKILL'));

  async function freePort(): Promise<number> {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port } = holder.address() as AddressInfo;
    await new Promise((resolve) => holder.close(resolve));
    return port;
  }

  test.each(['stdio', 'streamable HTTP'])('gives its tools over %s', async (way) => {
    const [program = '', ...args] = everythingServer();
    const settings = { include: ['echo', 'get-sum'], prefix: '' };
    if (way === 'stdio') await ready({ ...settings, command: [program, ...args, 'stdio'] });
    else {
      const port = await freePort();
      const env = { PATH: process.env.PATH, PORT: String(port) };
      server = spawn(program, [...args, 'streamableHttp'], { env, stdio: 'ignore' });
      const url = `http://127.0.0.1:${port}/mcp`;
      const opened = open({ ...settings, url, allow_addresses: ['127.0.0.1'] });
      await until('its tools', async () => {
        await opened.tools.refresh();
        return names(opened).length > 0;
      });
    }
    const call = kit?.call ?? expect.unreachable();
    expect(await call('echo', { message: 'Hi' })).toMatchObject({ text: 'Echo: Hi' });
    expect(await call('get-sum', { a: 2, b: 40 })).toMatchObject({
      outcome: 'ok',
      text: expect.stringContaining('42'),
    });
  });
});

const missing = await missingPython();

test.skipIf(missing !== null)('a server in Python gives its tools', async () => {
  const file = join(import.meta.dirname, '../../../test/fixtures/mcp/server.py');
  const { call } = await ready({ command: [pythonWithSdk(), file] });
  expect(await call('fake_add', { a: 2, b: 40 })).toMatchObject({ outcome: 'ok', text: '42' });
  expect(await call('fake_add', { a: 'two', b: 40 })).toMatchObject({ violation: 'bad_arguments' });
});
