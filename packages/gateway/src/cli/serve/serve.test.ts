import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CliProcess, startCli } from '../../../test/support/cli-process.ts';
import { shareCompileCache } from '../../../test/support/compile-cache.ts';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import { isLoopback } from './serve.ts';

let folder = '';
let running: CliProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dropgate-serve-'));
  shareCompileCache(folder);
  writeFileSync(join(folder, 'gateway.yaml'), 'worker: { spares: 0 }\n');
  running = [];
});

afterEach(async () => {
  for (const { child } of running) child.kill('SIGKILL');
  await Promise.all(running.map(({ ended }) => ended));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

function begin(args: readonly string[], env: Readonly<Record<string, string>> = {}): CliProcess {
  const cli = startCli(folder, args, { env: { GATEWAY_PORT: '0', ...env } });
  running.push(cli);
  return cli;
}

/** Runs a command that ends by itself. */
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  inProcessCli(folder, { GATEWAY_PORT: '0', ...env })(...args);

async function stop(cli: CliProcess): Promise<number | null> {
  cli.child.kill('SIGTERM');
  return (await cli.ended).code;
}

const modeOf = (path: string) => (statSync(join(folder, path)).mode & 0o777).toString(8);

/** What the banner tells: address and key. */
async function devFacts(cli: CliProcess): Promise<{ url: string; key: string }> {
  const banner = await cli.until('dg_');
  const url = /Serves at (http:\S+)\/v1/.exec(banner)?.[1] ?? '';
  const key = /dg_[A-Za-z0-9_-]{43}/.exec(banner)?.[0] ?? '';
  return { url, key };
}

async function listModels(url: string, key: string): Promise<number> {
  const response = await fetch(`${url}/v1/models`, { headers: { authorization: `Bearer ${key}` } });
  await response.text();
  return response.status;
}

describe('dropgate dev', () => {
  // One folder, started three times: a start takes longer than all that is asked of it.
  test('tells address, key and what is broken, keeps its key for its owner until it is revoked', async () => {
    // What is kept is no key.
    writeFileSync(join(folder, '.dropgate/dev-key'), 'scribble');
    mkdirSync(join(folder, 'src/agents/Broken'), { recursive: true });
    writeFileSync(join(folder, 'src/agents/Broken/agent.ts'), 'export const agent = {\n  run( {\n');
    const first = begin(['dev']);
    const banner = await first.until('dg_');
    expect(banner).toContain('Problems');
    expect(banner).toMatch(/error: src\/agents\/Broken\/agent\.ts:\d+:\d+/);
    expect(banner).toContain('→ ');
    rmSync(join(folder, 'src/agents/Broken'), { recursive: true });
    const { url, key } = await devFacts(first);
    expect(await listModels(url, key)).toBe(200);
    expect(await listModels(url, `dg_${'x'.repeat(43)}`)).toBe(401);
    expect(readFileSync(join(folder, '.dropgate/dev-key'), 'utf8')).toBe(`${key}\n`);
    expect(modeOf('.dropgate/dev-key')).toBe('600');

    // Other processes make and revoke keys while it runs.
    const { out } = await run(['keys', 'create', '--name', 'temp', '--json']);
    const temporary = JSON.parse(out);
    await expect.poll(() => listModels(url, temporary.key)).toBe(200);
    await run(['keys', 'revoke', temporary.id]);
    await expect.poll(() => listModels(url, temporary.key)).toBe(401);
    expect(await stop(first)).toBe(0);

    // The same key even with a new store.
    rmSync(join(folder, '.dropgate/gateway.db'));
    const second = begin(['dev']);
    const again = await devFacts(second);
    expect(again.key).toBe(key);
    expect(await listModels(again.url, key)).toBe(200);
    await stop(second);

    await run(['keys', 'revoke', 'dev']);
    const third = begin(['dev']);
    const after = await devFacts(third);
    expect(after.key).not.toBe(key);
    expect(await listModels(after.url, after.key)).toBe(200);
    expect(await listModels(after.url, key)).toBe(401);
    await stop(third);
  });

  test('serves this machine only', async () => {
    const { code, err } = await run(['dev'], { GATEWAY_HOST: '0.0.0.0' });
    expect(code).toBe(1);
    expect(err).toContain('dropgate dev serves this machine only, but the host is 0.0.0.0.');
  });

  test('says which folder it looks at where that is no project, and makes nothing there', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'dropgate-elsewhere-'));
    const { code, out, err } = await inProcessCli(elsewhere)('dev', '--port', '0');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain(
      `error: There is no project in ${elsewhere}: it has neither src/agents nor agents nor gateway.yaml.`,
    );
    expect(err).toContain('`dropgate init`');
    expect(readdirSync(elsewhere)).toEqual([]);
    rmSync(elsewhere, { recursive: true });
  });

  test('serves a project beside another gateway, which commands find again afterwards', async () => {
    const first = begin(['dev', '--port', '0']);
    const { url } = await devFacts(first);
    const { port } = new URL(url);
    const refused = await run(['dev', '--port', port]);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain(
      `error: This project is served at ${url} already, by process ${first.child.pid}.`,
    );

    // A port given by flag stays, whatever the files say; which upstream answers is told.
    writeFileSync(
      join(folder, '.env'),
      'OPENAI_API_KEY=sk-1\nOPENAI_BASE_URL=http://127.0.0.1:9/v1\n',
    );
    const log = await first.until('model calls go to openai');
    expect(log).toContain(
      'model calls go to openai (chat_completions) at http://127.0.0.1:9/v1 from now on',
    );
    const second = begin(['dev']);
    const { err } = await second.until('Try it').then(() => run(['agents', 'list']));
    expect(err).toBe('There is no agent yet. Make one with `dropgate new <Name>`.\n');
    expect(await second.until('warning: Another')).toContain(
      `warning: Another gateway (process ${first.child.pid}) serves this project at ${url}.`,
    );
    await stop(second);
    expect(JSON.parse(readFileSync(join(folder, '.dropgate/gateway.json'), 'utf8'))).toMatchObject({
      pid: first.child.pid,
      address: url,
    });
    await stop(first);
    expect((await first.ended).err).not.toContain('holds after a restart');
  });

  test('says what to do about a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, err } = await run(['dev', '--port', `${port}`]);
    other.close();
    expect(code).toBe(1);
    expect(err).toContain(`error: Port ${port} of 127.0.0.1 is in use already. Stop what listens`);
  });
});

describe('dropgate start', () => {
  test('listens nowhere but on this machine while no key exists', async () => {
    const { code, err } = await run(['start'], { GATEWAY_HOST: '0.0.0.0' });
    expect(code).toBe(1);
    expect(err).toContain('There is no API key yet, so dropgate does not listen on 0.0.0.0.');
    expect(err).toContain('dropgate keys create --role admin');
  });

  test('tells on this machine that every call is refused while no key exists', async () => {
    const cli = begin(['start']);
    await cli.until('There is no API key yet, so every call is refused.');
    await cli.until('"url":"http://127.0.0.1:');
    expect(await stop(cli)).toBe(0);
  });

  test('takes its first admin key from the bootstrap file', async () => {
    const secret = `dg_${'B'.repeat(43)}`;
    writeFileSync(join(folder, 'first-key'), `${secret}\n`, { mode: 0o600 });
    const cli = begin(['start'], { GATEWAY_BOOTSTRAP_KEY_FILE: 'first-key' });
    const output = await cli.until('"url":"http://127.0.0.1:');
    const url = /"url":"([^"]+)"/.exec(output)?.[1] ?? '';
    expect(await listModels(url, secret)).toBe(200);
    expect(output).not.toContain(secret);
    await stop(cli);
  });

  test('writes the bootstrap file once, while no key exists', async () => {
    const env = { GATEWAY_BOOTSTRAP_KEY_FILE: 'keys/first' };
    const first = begin(['start'], env);
    await first.until(`The first admin key is in ${join(folder, 'keys/first')}.`);
    await first.until('"url":"http://127.0.0.1:');
    await stop(first);
    expect(modeOf('keys/first')).toBe('600');
    rmSync(join(folder, 'keys/first'));
    const second = begin(['start'], env);
    await second.until('"url":"http://127.0.0.1:');
    await stop(second);
    expect(() => statSync(join(folder, 'keys/first'))).toThrow('ENOENT');
  });

  test('refuses a bootstrap file that holds no key, without repeating it', async () => {
    writeFileSync(join(folder, 'first-key'), 'hunter2', { mode: 0o600 });
    const env = { GATEWAY_BOOTSTRAP_KEY_FILE: 'first-key' };
    const { code, err } = await run(['start'], env);
    expect(code).toBe(1);
    expect(err).toContain('This is no API key');
    expect(err).not.toContain('hunter2');
  });
});

test.each([
  ['127.0.0.1', true],
  ['127.8.9.1', true],
  ['localhost', true],
  ['LOCALHOST', true],
  ['::1', true],
  ['[::1]', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.evil.example', false],
  ['127.0.0.1.example', false],
  ['localhost.example', false],
  ['', false],
])('%s reaches this machine only: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
