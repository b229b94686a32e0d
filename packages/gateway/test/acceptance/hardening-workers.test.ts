import { spawnSync } from 'node:child_process';
import { chmod, cp, mkdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shareCompileCache } from '../support/compile-cache.ts';
import { diagnosticsOf } from './call.ts';
import { packageRoot, startGateway, type TestGateway, warmProject } from './harness.ts';
import { killWorkers, probe, untilServed } from './probes.ts';
import { seesProcesses } from './processes.ts';

const nobody = 65_534;
const isRoot = process.getuid?.() === 0;

/** A Python that any user can start; one in somebody's home is none. */
const openPython = '/usr/bin/python3';
const isPythonOpen =
  isRoot && spawnSync(openPython, ['--version'], { uid: nobody, gid: nobody }).status === 0;

/** It needs no package, so that the Python of the machine serves it. */
const pythonProbe = `import os

# As load_dotenv() does: its own, which only the gateway may read, and the project's.
own, project = (open(os.path.join(place, ".env")).read() for place in (".", "../../.."))


class Probe:
    async def run(self, messages):
        try:
            if messages[-1]["content"] == "settings":
                return f"{own!r} {project!r} {os.environ['SNAKE']}"
            open(messages[-1]["content"]).close()
            return f"{os.getuid()} ok"
        except OSError as error:
            return f"{os.getuid()} {os.strerror(error.errno)}"


agent = Probe()
`;

const snake = {
  'src/agents/Snake/agent.py': pythonProbe,
  'src/agents/Snake/.env': 'SNAKE=given\n',
};

/** A program in the place of a module's Python. */
const trap = '#!/bin/sh\necho "I am $(id -u)" >&2\nexit 1\n';

describe.runIf(seesProcesses)('an agent in a process of the gateway’s own user', () => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await startProbes({});
  });
  afterAll(() => gateway?.stop());

  test('reaches all that this user can: a process is no sandbox', async () => {
    expect(await probe(gateway, 'default/probe')).toEqual({
      'read the key of the project': 'ok',
      'read the store': 'ok',
      'read the upstream keys in .env': 'ok',
      'read the environment of the gateway': 'ok',
      'read the .env of another agent': 'ok',
      'list what the gateway keeps': 'ok',
      'write into another agent': 'ok',
      'signal the gateway': 'ok',
      'signal another agent': 'ok',
      'read the environment of another agent': 'ok',
      'start a program': 'ok',
      'connect to the gateway': 'ok',
    });
  });

  test('with Node’s --permission reaches its own files only, and starts nothing', async () => {
    expect(await probe(gateway, 'default/locked')).toEqual({
      'read the key of the project': 'ERR_ACCESS_DENIED',
      'read the store': 'ERR_ACCESS_DENIED',
      'read the upstream keys in .env': 'ERR_ACCESS_DENIED',
      'read the environment of the gateway': 'ERR_ACCESS_DENIED',
      'read the .env of another agent': 'ERR_ACCESS_DENIED',
      'list what the gateway keeps': 'ERR_ACCESS_DENIED',
      'write into another agent': 'ERR_ACCESS_DENIED',
      'signal the gateway': 'EPERM',
      'signal another agent': 'EPERM',
      'read the environment of another agent': 'ERR_ACCESS_DENIED',
      'start a program': 'ERR_ACCESS_DENIED',
      // Nothing in Node 24 holds the network.
      'connect to the gateway': 'ok',
    });
  });

  test('under --permission still calls its tools, also from the kept files', async () => {
    const question = { model: 'default/lockedweather', content: 'What is the weather in Paris?' };
    expect(await untilServed(gateway, question)).toContain('Sunny, 21 degrees in Paris.');
    await killWorkers(gateway);
    expect(await untilServed(gateway, question)).toContain('Sunny, 21 degrees in Paris.');
  });
});

describe.skipIf(!isRoot)('an agent in a process of another user', () => {
  let gateway: TestGateway;

  beforeAll(async () => {
    gateway = await startProbes({ uid: nobody });
  });
  afterAll(() => gateway?.stop());

  test('reaches no secret of the gateway and of no other agent', async () => {
    expect(await probe(gateway, 'default/probe', { uid: nobody, gid: nobody })).toEqual({
      'read the key of the project': 'EACCES',
      'read the store': 'EACCES',
      'read the upstream keys in .env': 'EACCES',
      'read the environment of the gateway': 'EACCES',
      'read the .env of another agent': 'EACCES',
      'list what the gateway keeps': 'EACCES',
      'write into another agent': 'EACCES',
      'signal the gateway': 'EPERM',
      // They share the user.
      'signal another agent': 'ok',
      'read the environment of another agent': 'ok',
      'start a program': 'ok',
      'connect to the gateway': 'ok',
    });
  });

  test('gets nothing by a link to the keys of the project', async () => {
    const diagnostics = await diagnosticsOf(gateway, 'default/probe');
    expect(diagnostics).toMatchObject([{ code: 'env_unreadable' }]);
    const content = JSON.stringify([['variable', 'OPENAI_COMPANY_KEY']]);
    expect(await untilServed(gateway, { model: 'default/probe', content })).toBe('["undefined"]');
  });

  test('has no program of its own run by the gateway', async () => {
    const [finding] = await diagnosticsOf(gateway, 'default/trap');
    // It says whom it ran as instead of what Python it is.
    expect(finding).toMatchObject({ stage: 'dependencies', code: 'python_environment_broken' });
    expect(finding?.message).toContain(`I am ${nobody}`);
  });

  test('runs as that user and group, all of its processes', async () => {
    const workers = await gateway.workers();
    const owners = await Promise.all(workers.map(({ pid }) => stat(`/proc/${pid}`)));
    expect(owners.map(({ uid, gid }) => [uid, gid])).toEqual(workers.map(() => [nobody, nobody]));
  });

  test.runIf(isPythonOpen)('in Python is held in the same way', async () => {
    const content = join(gateway.project.root, '.dropgate/dev-key');
    const answer = await untilServed(gateway, { model: 'default/snake', content });
    expect(answer).toBe('65534 Permission denied');
    const asked = await untilServed(gateway, { model: 'default/snake', content: 'settings' });
    expect(asked).toBe("'' '' given");
  });

  test('calls its tools and its model, also from the kept files after its process was killed', async () => {
    const question = { model: 'default/weather', content: 'What is the weather in Paris?' };
    expect(await untilServed(gateway, question)).toContain('Sunny, 21 degrees in Paris.');
    await killWorkers(gateway);
    expect(await untilServed(gateway, question)).toContain('Sunny, 21 degrees in Paris.');
  });
});

/** A gateway with agents that try what they are told; `locked` ones under Node's permissions. */
async function startProbes(settings: { readonly uid?: number }): Promise<TestGateway> {
  const project = await warmProject();
  await project.write({
    '.env': 'OPENAI_COMPANY_KEY=sk-planted\n',
    'src/agents/_Other/.env': 'NOT_YOURS=1\n',
    'gateway.yaml': settings.uid ? `worker: { uid: ${settings.uid} }\n` : 'worker: { spares: 0 }\n',
    ...(settings.uid
      ? { 'src/agents/Trap/agent.py': '', 'src/agents/Trap/.venv/bin/python': trap }
      : {}),
    ...(settings.uid && isPythonOpen ? snake : {}),
  });
  await chmod(project.root, 0o755);
  const closed = ['.env', 'src/agents/_Other/.env'];
  if (settings.uid && isPythonOpen) closed.push('src/agents/Snake/.env');
  for (const path of closed) await chmod(join(project.root, path), 0o600);
  if (settings.uid) shareCompileCache(project.root, settings.uid);
  if (settings.uid) {
    await chmod(join(project.root, 'src/agents/Trap/.venv/bin/python'), 0o755);
    await mkdir(join(project.root, 'src/agents/Probe'));
    await symlink('../../../.env', join(project.root, 'src/agents/Probe/.env'));
  }
  const agents = join(packageRoot, 'test/fixtures/agents');
  for (const [from, to] of [
    ['Probe', 'Locked'],
    ['Weather', 'LockedWeather'],
  ] as const) {
    if (settings.uid) continue;
    await cp(join(agents, from), join(project.root, 'src/agents', to), { recursive: true });
    await project.write({ [`src/agents/${to}/.env`]: 'NODE_OPTIONS=--permission\n' });
  }
  const gateway = await startGateway({
    project,
    agents: settings.uid ? ['Probe', 'Weather'] : ['Probe'],
    env: { GATEWAY_PYTHON: openPython },
  });
  return {
    ...gateway,
    stop: async () => {
      await gateway.stop();
      await project.remove();
    },
  };
}
