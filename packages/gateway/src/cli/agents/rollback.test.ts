import { afterAll, beforeAll, expect, test } from 'vitest';
import { inProcessCli } from '../../../test/support/in-process-cli.ts';
import {
  brokenAgent,
  type TemporaryProject,
  warmTemporaryProject,
} from '../../../test/support/temporary-project.ts';
import { startTestGateway, type TestGateway } from '../../testing.ts';

// One agent with a history, told from its first version on: each test goes on where the one before ended.
let project: TemporaryProject;
let gateway: TestGateway | null = null;

const path = 'src/agents/Trip/agent.ts';

const saying = (text: string) =>
  `import { city } from './city.ts';\nexport const agent = { run: async () => '${text} ' + city() };\n`;

async function start(): Promise<TestGateway> {
  gateway = await startTestGateway({ projectRoot: project.folder });
  // On a busy machine it counts as loaded before it is.
  await gateway.gateway.refresh({ force: false });
  return gateway;
}

const run = (...args: string[]) => inProcessCli(project.folder)('agents', ...args);

async function answer(): Promise<string> {
  const response = await fetch(`${gateway?.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway?.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'trip', messages: [{ role: 'user', content: 'Hi.' }] }),
  });
  const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
  return choices[0]?.message.content ?? '';
}

async function ask(method: 'GET' | 'POST', url: string, body?: object) {
  const response = await fetch(`${gateway?.url}${url}`, {
    method,
    headers: { authorization: `Bearer ${gateway?.key}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: (await response.json()) as object };
}

async function listed() {
  const { agents } = JSON.parse((await run('list', '--json')).out);
  return agents[0];
}

beforeAll(async () => {
  project = warmTemporaryProject();
  project.write('gateway.yaml', 'worker: { spares: 0 }\n');
  project.write('src/agents/Trip/city.ts', 'export const city = () => process.env.CITY;\n');
  project.write('src/agents/Trip/.env', 'CITY=Paris\n');
  project.write(path, saying('One'));
  await start();
  project.write('src/agents/Trip/.env', 'CITY=Rome\n');
  project.write(path, saying('Two'));
  await run('refresh');
  project.write(path, saying('Three'));
  await run('refresh');
  project.write(path, brokenAgent);
  await run('refresh');
});

afterAll(async () => {
  await gateway?.close();
  project.dispose();
});

test('lists what an agent can go back to, with what changed from one to the next', async () => {
  const { code, out, err } = await run('generations', 'trip');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const rows = out.replaceAll(/\S+T\S+Z/g, 'TIME').replaceAll(/[0-9a-f]{12}/g, 'HASH');
  expect(rows.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['GENERATION', 'LOADED', 'VERSION', 'STATE', 'CHANGES'],
    ['3', 'TIME', 'HASH', 'serves', '~ agent.ts'],
    ['2', 'TIME', 'HASH', '-', '~ .env, ~ agent.ts'],
    ['1', 'TIME', 'HASH', '-', '2 files'],
    [''],
  ]);
});

test('goes back by one while the file on disk is broken, and a refresh leaves it there', async () => {
  expect(await run('rollback', 'trip')).toEqual({
    code: 0,
    err: '',
    out: [
      'default/trip serves generation 2 again, until its files change.',
      'To serve what lies on disk: dropgate agents rollback default/trip --release',
      '',
    ].join('\n'),
  });
  expect(await answer()).toBe('Two Rome');
  await run('refresh');
  const { out, err } = await run('list');
  expect(out).toMatch(/\ndefault\/trip +ready +2 \(pinned\) /);
  expect(err).toContain('`dropgate agents rollback <agent> --release` ends that.');
  const errors = JSON.parse((await run('errors', '--json')).out).errors;
  expect(errors.map((each: { code: string }) => each.code)).toEqual(['rolled_back']);
});

test('goes back to one of its own .env, which outlives the gateway', async () => {
  const { code, out } = await run('rollback', 'default/trip', '--to', '1', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    agent: 'default/trip',
    status: 'ready',
    generation: 1,
    pinned: { by: 'local_cli' },
  });
  expect(await answer()).toBe('One Paris');
  await gateway?.close();
  await start();
  expect(await answer()).toBe('One Paris');
  expect(await listed()).toMatchObject({
    status: 'ready',
    generation: 1,
    pinned: { by: 'local_cli' },
    diagnostics: [{ code: 'rolled_back', severity: 'info' }],
  });
  expect(JSON.parse((await run('refresh', '--force', '--json')).out)).toMatchObject({
    loaded: ['default/trip'],
  });
  expect(await answer()).toBe('One Paris');
});

test.each([
  [['trip', '--to', '9'], 1, 'No generation 9 of default/trip is kept. Kept are: 4, 3, 2.'],
  [['trap'], 1, 'There is no agent trap. Did you mean default/trip? See `dropgate agents list`.'],
  [['trip', '--to', 'none'], 2, 'Give the number of a generation, such as 3.'],
  [['trip', '--to', '2', '--release'], 2, "option '--release' cannot be used with option '--to"],
])('refuses %j', async (args, code, message) => {
  const ended = await run('rollback', ...args);
  expect(ended.code).toBe(code);
  expect(ended.err).toContain(message);
});

test('released while the file on disk is broken, it serves on and says why', async () => {
  const { code, out } = await run('rollback', 'trip', '--release');
  expect(code).toBe(1);
  expect(out).toContain('error: src/agents/Trip/agent.ts:2:');
  expect(out).toContain('default/trip serves generation 4 on: what lies on disk does not load.');
  expect(await listed()).toMatchObject({ status: 'degraded', generation: 4, pinned: null });
  expect(await answer()).toBe('One Paris');
  expect((await run('rollback', 'trip', '--release')).err).toContain(
    'default/trip is not rolled back',
  );
});

test('holds what serves already without loading it again', async () => {
  expect(await ask('POST', '/agents/rollback', { agent: 'Default/Trip', to: 4 })).toMatchObject({
    status: 200,
    body: { status: 'ready', generation: 4, pinned: { by: expect.stringMatching(/^key_/) } },
  });
  expect(await answer()).toBe('One Paris');
});

test('follows its files again once they change', async () => {
  expect((await ask('POST', '/agents/rollback', { agent: 'default/trip', to: 3 })).status).toBe(
    200,
  );
  expect(await answer()).toBe('Three Rome');
  project.write(path, saying('Five'));
  await run('refresh');
  expect(await answer()).toBe('Five Rome');
  expect(await listed()).toMatchObject({ status: 'ready', generation: 5, pinned: null });
});

test('is decided about by rules, on record with its agent, and lies within the scopes of a key', async () => {
  const { body } = await ask('GET', '/security/decisions?agent=default/trip&action=administer');
  const [{ resource, effect }] = (body as { decisions: [{ resource: string; effect: string }] })
    .decisions;
  expect({ resource, effect }).toEqual({ resource: '/agents/rollback', effect: 'allow' });
  const { secret } = (await gateway?.gateway.keys.create({
    role: 'admin',
    createdBy: 'test',
    namespaces: ['labs'],
  })) ?? { secret: '' };
  const response = await fetch(`${gateway?.url}/admin/agents/generations?agent=default/trip`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  expect(response.status).toBe(404);
  await ask('POST', '/security/override', {
    principal: '*',
    action: 'administer',
    resource: '/agents/rollback',
    effect: 'deny',
    ttl_seconds: 60,
    reason: 'frozen',
  });
  const refused = await ask('POST', '/admin/agents/release', { agent: 'default/trip' });
  expect(refused.status).toBe(403);
});
