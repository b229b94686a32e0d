import { readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { call, diagnosticsOf } from './call.ts';
import { startGateway, type TestGateway, warmProject } from './harness.ts';
import { seesProcesses } from './processes.ts';
import { until } from './until.ts';

const plain = "export const agent = { run: () => 'served' };\n";

describe('an operator that holds every module to Node’s --permission', () => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await startHeld();
  });
  afterAll(() => gateway?.stop());

  test('closes the ways round it that Node leaves open', async () => {
    expect(await tryAll(gateway, 'default/escape')).toEqual({
      'read with SQLite': 'TypeError',
      'write with SQLite': 'TypeError',
      'load native code': 'ERR_ACCESS_DENIED',
      'write with a flag of V8': 'ERR_ACCESS_DENIED',
      'open the inspector of another process': 'ERR_ACCESS_DENIED',
      'signal another process': 'EPERM',
      'signal it below the API': 'EPERM',
      'slow another process down': 'ERR_ACCESS_DENIED',
      'run code in a thread of loaders': 'ERR_ACCESS_DENIED',
      'reach an inner part of Node': 'ERR_ACCESS_DENIED',
      'read a file': 'ERR_ACCESS_DENIED',
      'list a folder': 'ERR_ACCESS_DENIED',
      // Nothing in Node 24 holds the network.
      'open a connection': 'ok',
    });
  });

  test.each([
    ['LinkToFile', 'link_leaves_module'],
    ['LinkToFolder', 'link_leaves_module'],
    ['LinkToNothingYet', 'link_leaves_module'],
    ['LinkInPackages', 'link_leaves_module'],
    ['LinkWithin', null],
  ])('serves no folder with a link that leads out of it: %s', async (name, code) => {
    const findings = await diagnosticsOf(gateway, `default/${name.toLowerCase()}`);
    expect(findings.map((finding) => finding.code)).toEqual(code ? [code] : []);
    if (code) expect(findings[0]?.hint).toContain('--allow-fs-read=');
  });

  test('tells of the .env of the root, closed to it, and serves what loads it', async () => {
    expect(await diagnosticsOf(gateway, 'default/readsenv')).toMatchObject([
      { code: 'root_env_withheld', severity: 'warning', line: 1 },
    ]);
  });

  test.runIf(seesProcesses)(
    'starts a process without what its .env would load into it',
    async () => {
      const findings = await diagnosticsOf(gateway, 'default/preload');
      expect(findings.map(({ code, severity }) => [code, severity])).toEqual(
        Array.from({ length: 5 }, () => ['variable_withheld', 'warning']),
      );
      const pids = (await gateway.workers()).map(({ pid }) => pid);
      const started = await Promise.all(
        pids.map((pid) => readFile(`/proc/${pid}/environ`, 'utf8')),
      );
      const names = started.join('').matchAll(/(?:^|\0)([A-Z_]+)=/g);
      const wanted = ['LD_PRELOAD', 'LD_AUDIT', 'NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE'];
      expect([...names].filter(([, name = '']) => wanted.includes(name))).toEqual([]);
      expect(started.join('')).toContain('UV_THREADPOOL_SIZE=2');
      expect(started.join('')).not.toContain('--allow-fs-read=/');
    },
  );
});

describe('an agent in a process that is not held', () => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await startGateway({ agents: ['Escape'] });
  });
  afterAll(() => gateway?.stop());

  test('opens no inspector of the gateway or of a worker by a signal', async () => {
    const [worker] = await gateway.workers();
    const outcomes = [];
    for (const pid of [gateway.pid, worker?.pid ?? 0]) {
      const way = { 'open the inspector of another process': String(pid) };
      outcomes.push(await ask(gateway, 'default/escape', way));
    }
    expect(outcomes).toEqual([
      { 'open the inspector of another process': 'ok' },
      { 'open the inspector of another process': 'ok' },
    ]);
    await ask(gateway, 'default/escape', {});
    expect(gateway.logs()).not.toContain('Debugger listening');
  });
});

async function startHeld(): Promise<TestGateway> {
  const project = await warmProject();
  const linked = ['LinkToFile', 'LinkToFolder', 'LinkToNothingYet', 'LinkInPackages', 'LinkWithin'];
  const agents = Object.fromEntries(
    [...linked, 'Preload'].map((name) => [`src/agents/${name}/agent.ts`, plain]),
  );
  await project.write({
    ...agents,
    'src/agents/ReadsEnv/agent.ts': `process.loadEnvFile('../../../.env');\n${plain}`,
    '.env': 'NODE_OPTIONS=--permission\n',
    'gateway.yaml': 'worker: { env: [NODE_OPTIONS], spares: 0 }\n',
    'src/agents/LinkWithin/texts/a.txt': 'a',
    'src/agents/LinkInPackages/node_modules/tool/index.js': '',
    'src/agents/Preload/.env': [
      'LD_PRELOAD=/nowhere.so',
      'LD_AUDIT=/nowhere.so',
      'SSL_CERT_FILE=/etc/hostname',
      'NODE_EXTRA_CA_CERTS=/etc/hostname',
      'NODE_OPTIONS=--permission --allow-fs-read=/',
      'UV_THREADPOOL_SIZE=2',
      'CITY=Paris',
    ].join('\n'),
  });
  const links = {
    'LinkToFile/notes.txt': '../../../.env',
    'LinkToFolder/all': '/',
    'LinkToNothingYet/later': '../later.txt',
    'LinkInPackages/node_modules/tool/state': '../../../../../.dropgate',
    'LinkWithin/text.txt': 'texts/a.txt',
  };
  for (const [link, target] of Object.entries(links)) {
    await symlink(target, join(project.root, 'src/agents', link));
  }
  const gateway = await startGateway({ project, agents: ['Escape'] });
  const stop = async () => {
    await gateway.stop();
    await project.remove();
  };
  return { ...gateway, stop };
}

async function tryAll(gateway: TestGateway, model: string) {
  const { root } = gateway.project;
  const store = join(root, '.dropgate/gateway.db');
  const pid = String(gateway.pid);
  return ask(gateway, model, {
    'read with SQLite': store,
    'write with SQLite': store,
    // It need not be there: where native code may be loaded, this fails with another code.
    'load native code': join(root, 'none.node'),
    'write with a flag of V8': join(root, 'written'),
    'open the inspector of another process': pid,
    'signal another process': pid,
    'signal it below the API': pid,
    'slow another process down': pid,
    'run code in a thread of loaders': '',
    'reach an inner part of Node': '',
    'read a file': join(root, '.env'),
    // The bytes of every agent lie there, those of its .env too.
    'list a folder': join(root, '.dropgate/generations'),
    'open a connection': new URL(gateway.url).port,
  });
}

async function ask(
  gateway: TestGateway,
  model: string,
  ways: Readonly<Record<string, string>>,
): Promise<unknown> {
  const content = JSON.stringify(ways);
  const answer = await until(`an answer of ${model}`, async () => {
    return (await call(gateway, gateway.key, { model, content })).content || null;
  });
  return JSON.parse(answer);
}
