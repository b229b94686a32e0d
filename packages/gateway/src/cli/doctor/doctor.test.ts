import { chmodSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { noSandbox } from '../../../test/support/bubblewrap.ts';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import { missingPython, pythonWithSdk } from '../../../test/support/python-with-sdk.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { keySetOf, newIssuerKey } from '../../../test/support/token-issuer.ts';

type Check = {
  readonly name: string;
  readonly state: string;
  readonly found: string;
  readonly fix: string | null;
};

const missing = await missingPython();

let folder: string;

beforeEach(async () => {
  folder = await tempFolder({ 'gateway.yaml': 'server: { port: 0 }\n' });
});
afterEach(() => {
  expect(readdirSync(folder).filter((name) => name.startsWith('.doctor'))).toEqual([]);
});

async function doctor(env: Readonly<Record<string, string>> = {}) {
  const { code, out } = await inProcessCli(folder, env)('doctor', '--json');
  const { checks }: { checks: Check[] } = JSON.parse(out);
  return { code, checks, of: (name: string) => checks.find((check) => check.name === name) };
}

const settings = (text: string) => writeFileSync(join(folder, 'gateway.yaml'), text);

describe('dropgate doctor', () => {
  test('looks at the machine and the project, and leaves nothing behind', async () => {
    const before = readdirSync(folder);
    const { code, checks } = await doctor();
    expect(code).toBe(0);
    expect(readdirSync(folder)).toEqual(before);
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'settings',
        'Node',
        'Agents SDK',
        'Python',
        'uv',
        'port',
        'state folder',
        'file watching',
        'clock',
        'store',
        'upstream',
      ]),
    );
  });

  test('tells whether the keys of issuers of tokens can be read', async () => {
    const { jwk } = await newIssuerKey('one');
    writeFileSync(join(folder, 'jwks.json'), keySetOf({ jwk }));
    const issuer = (name: string, keys: string) =>
      `    - { name: ${name}, issuer: "${name}:", audience: x, ${keys} }\n`;
    settings(
      `server: { port: 0 }\nauth:\n  jwt:\n${issuer('corp', 'jwks_file: jwks.json')}${issuer('gone', 'jwks_url: "http://127.0.0.1:1/jwks"')}`,
    );
    const { code, of } = await doctor();
    expect(code).toBe(0);
    expect(of('issuer corp')).toMatchObject({
      state: 'ok',
      found: `${join(folder, 'jwks.json')} has 1 key`,
    });
    expect(of('issuer gone')).toMatchObject({
      state: 'warn',
      found:
        'its keys cannot be read at http://127.0.0.1:1/jwks: The host 127.0.0.1:1 could not be reached: nothing listens there.',
    });
  });

  test('tells which SDK agents get, and that changes of files are told', async () => {
    const { of } = await doctor();
    expect(of('Agents SDK')).toMatchObject({
      state: 'ok',
      found: expect.stringMatching(/^@openai\/agents \d+\.\d+\.\d+, which comes with the gateway$/),
    });
    expect(of('file watching')).toMatchObject({
      state: 'ok',
      found: `changes in ${folder} are told`,
    });
  });

  test.skipIf(missing)('tells which SDK agents in Python get', async () => {
    const { of } = await doctor({ GATEWAY_PYTHON: pythonWithSdk() });
    expect(of('Agents SDK, Python')).toMatchObject({
      state: 'ok',
      found: expect.stringMatching(/^openai-agents \d+\.\d+\.\d+$/),
    });
  });

  test('warns where others of the machine read what is kept', async () => {
    folder = await tempFolder({
      'gateway.yaml': 'server: { port: 0 }\n',
      '.dropgate/dev-key': 'dg_x',
    });
    const state = join(folder, '.dropgate');
    chmodSync(join(state, 'dev-key'), 0o644);
    chmodSync(state, 0o755);
    expect((await doctor()).of('privacy')).toEqual({
      name: 'privacy',
      state: 'warn',
      found: `Others of this machine may read dev-key in ${state}.`,
      fix: `chmod -R go-rwx ${state}`,
    });
    chmodSync(state, 0o700);
    expect((await doctor()).of('privacy')?.state).toBe('ok');
  });

  test('asks the servers that the settings name, and says which address is meant', async () => {
    const server = createHttpServer((request, response) => {
      const isModels = request.url === '/v1/models';
      const isTaken = request.headers.authorization === 'Bearer sk-good';
      response.writeHead(!isModels ? 404 : isTaken ? 200 : 401).end('{"data":[{"id":"m"}]}');
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    settings(
      `server: { port: 0 }\nupstreams:\n  bare: { base_url: "${origin}" }\n  good: { base_url: "${origin}/v1", api_key_env: GOOD }\n  bad: { base_url: "${origin}/v1", api_key_env: BAD }\n  none: { base_url: "${origin}/v1" }\n  gone: { base_url: "http://127.0.0.1:1/v1" }\n`,
    );
    const { code, of } = await doctor({ GOOD: 'sk-good', BAD: 'sk-bad' });
    expect(code).toBe(1);
    expect(of('upstream bare')).toEqual({
      name: 'upstream bare',
      state: 'fail',
      found: `${origin} answers 404 to everything`,
      fix: `Its API is at ${origin}/v1: write that as base_url (OPENAI_BASE_URL).`,
    });
    expect(of('upstream good')).toMatchObject({
      state: 'ok',
      found: `${origin}/v1 answers, with 1 model`,
    });
    expect(of('upstream bad')).toMatchObject({
      state: 'fail',
      found: `${origin}/v1 does not take the key (401)`,
      fix: 'Put a valid one into the variable that api_key_env names (OPENAI_API_KEY).',
    });
    expect(of('upstream none')).toMatchObject({
      state: 'fail',
      found: `${origin}/v1 wants a key (401)`,
    });
    expect(of('upstream gone')).toMatchObject({
      state: 'warn',
      found: 'http://127.0.0.1:1/v1 cannot be reached (ECONNREFUSED)',
    });
  });

  test('fails where the store cannot be used', async () => {
    settings('server: { port: 0 }\nstore_url: "sqlite:broken.db"\n');
    writeFileSync(join(folder, 'broken.db'), 'This is no database.'.repeat(100));
    const { code, of } = await doctor();
    expect([code, of('store')?.state]).toEqual([1, 'fail']);
    expect(of('store')?.found).toContain('broken.db');
    expect(of('store')?.fix).toMatch(/^[A-Z].*\.$/);
  });

  test.skipIf(process.platform !== 'linux')('on Linux says what can hold agents', async () => {
    const { checks } = await doctor();
    expect(checks.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'bubblewrap',
        'user namespaces',
        'worker.uid',
        'cgroups',
        'Landlock',
        'open files',
        'processes',
        'inotify watches',
        'inotify instances',
      ]),
    );
  });

  test('tells each thing in a line with what to do, and fits a terminal', async () => {
    const { out } = await inProcessCli(folder, { PATH: '/nowhere' })('doctor');
    const lines = out.trimEnd().split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    expect(lines).toContainEqual(expect.stringMatching(/^ok {4}Node {15}v\d+/));
    expect(lines).toContainEqual(expect.stringMatching(/^warn {2}Python/));
    expect(lines).toContainEqual(expect.stringMatching(/^ {25}→ /));
  });

  test('fails where the settings are wrong, and names the line', async () => {
    settings('server: { prot: 1 }\n');
    const { code, of } = await doctor();
    expect(code).toBe(1);
    expect(of('settings')).toMatchObject({
      state: 'fail',
      found: expect.stringContaining('gateway.yaml:1:11'),
    });
  });

  test('fails where something else listens on the port', async () => {
    const { port } = (await listen()).address() as { port: number };
    settings(`server: { port: ${port} }\n`);
    const { code, of } = await doctor();
    expect(code).toBe(1);
    expect(of('port')).toEqual({
      name: 'port',
      state: 'fail',
      found: `127.0.0.1:${port} cannot be listened on (EADDRINUSE).`,
      fix: 'Stop what listens there, or set another server.port.',
    });
  });

  test('knows the gateway of the project on its port', async () => {
    const { port } = (await listen()).address() as { port: number };
    folder = await tempFolder({
      'gateway.yaml': `server: { port: ${port} }\n`,
      '.dropgate/gateway.json': JSON.stringify({
        pid: process.pid,
        address: `http://127.0.0.1:${port}`,
        token: 'dgl_x',
      }),
    });
    expect((await doctor()).of('port')).toMatchObject({
      state: 'ok',
      found: `127.0.0.1:${port}: this project's gateway serves there`,
    });
  });

  test('fails where nothing can be kept', async () => {
    folder = await tempFolder({ 'gateway.yaml': 'server: { port: 0 }\n', '.dropgate': 'a file' });
    const { code, of } = await doctor();
    expect(code).toBe(1);
    expect(of('state folder')).toMatchObject({
      state: 'fail',
      found: `${join(folder, '.dropgate')} cannot be written (ENOTDIR).`,
    });
  });

  test.skipIf(process.platform !== 'linux')(
    'fails without the sandbox that is asked for, and warns without one that is not',
    async () => {
      const env = { PATH: '/nowhere' };
      expect((await doctor(env)).of('bubblewrap')).toMatchObject({
        state: 'warn',
        found: 'bubblewrap is not installed.',
        fix: expect.stringContaining('apt-get install bubblewrap'),
      });
      settings('server: { port: 0 }\nworker: { sandbox: bubblewrap }\n');
      const { code, of } = await doctor(env);
      expect([code, of('bubblewrap')?.state]).toEqual([1, 'fail']);
    },
  );

  test.skipIf(noSandbox() !== null)('says that workers run in the sandbox', async () => {
    settings('server: { port: 0 }\nworker: { sandbox: bubblewrap }\n');
    expect((await doctor()).of('bubblewrap')).toMatchObject({
      state: 'ok',
      found: expect.stringMatching(/^\d+\.\d+\.\d+, workers run in it$/),
    });
  });
});

async function listen(): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return server;
}
