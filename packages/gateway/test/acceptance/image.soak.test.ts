import { chown, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { buildImage, configOf, hasBuildah } from '../support/image/buildah.ts';
import {
  type Container,
  type ContainerOptions,
  startContainer,
} from '../support/image/container.ts';
import { inProcessCli } from '../support/in-process-cli.ts';
import { packGateway } from '../support/packed-gateway.ts';
import { writeFiles } from '../support/temp-folder.ts';
import { until } from './until.ts';

const workspace = join(import.meta.dirname, '../../../..');
const project = '/srv/dropgate';
/** Debian and all packages are fetched. */
const buildTimeoutMs = 1_800_000;

let folder = '';
let container: Container | null = null;
let url = '';
let key = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dropgate-image-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(!hasBuildah())('the image of the gateway', () => {
  let image = '';
  const folders = (state: string) => ({
    src: join(folder, 'src'),
    '.dropgate': join(folder, state),
  });

  beforeAll(async () => {
    const file = join(workspace, 'deploy/Dockerfile');
    image = await buildImage('dropgate', { context: workspace, file });
    await cp(join(workspace, 'src'), join(folder, 'src'), { recursive: true });
  }, buildTimeoutMs);
  afterAll(() => container?.remove());

  test('runs as a user who is not root, with a volume for what is kept', async () => {
    const { User, Volumes, Entrypoint, Cmd } = await configOf(image);
    expect({ User, Volumes, Entrypoint, Cmd }).toEqual({
      User: '10001:10001',
      Volumes: { '/srv/dropgate/.dropgate': {} },
      Entrypoint: ['tini', '--', 'dropgate'],
      Cmd: ['start'],
    });
  });

  test('serves agents of both languages without a right, on a root that is read-only', async () => {
    await startWith(image, { owner: 10_001, folders: folders('state') });
    expect(await ask('default/sampleagent')).toContain('It is sunny and 21 °C in Paris');
    expect(await ask('default/sampleagentpy')).toContain('in Paris');
    const status = await readFile(`/proc/${container?.pid}/status`, 'utf8');
    expect(status).toMatch(/^Uid:\t10001\t10001\t10001\t10001$/m);
    expect(status).toMatch(/^CapBnd:\t0+$/m);
    await expect(container?.exec('touch', '/srv/dropgate/mark')).rejects.toThrow('Read-only');
  });

  test('says that it is well, and keeps its state in the volume', async () => {
    expect(await container?.healthcheck()).toBe(0);
    const kept = await container?.exec('sh', '-c', 'ls -d /srv/dropgate/.dropgate/*');
    expect(kept).toContain('/srv/dropgate/.dropgate/gateway.db');
  });

  test('ends with 0 when it is told to, and a second one knows the keys of the first', async () => {
    expect(await container?.stop()).toBe(0);
    await container?.remove();
    await startWith(image, { owner: 10_001, folders: folders('state') });
    expect(await ask('default/sampleagent')).toContain('It is sunny and 21 °C in Paris');
  });

  test('runs workers as another user where it is started as root with four rights', async () => {
    await container?.stop();
    await container?.remove();
    await writeFile(join(folder, 'gateway.yaml'), 'worker: { uid: 10002 }\n');
    const capabilities = ['chown', 'setuid', 'setgid', 'kill'];
    const mounted = { ...folders('state-of-root'), 'gateway.yaml': join(folder, 'gateway.yaml') };
    await startWith(image, { owner: 0, user: '0:0', capabilities, folders: mounted });
    expect(await ask('default/sampleagent')).toContain('It is sunny and 21 °C in Paris');
    expect(await ask('default/sampleagentpy')).toContain('in Paris');
    const users = await container?.exec(
      'sh',
      '-c',
      'cat /proc/[0-9]*/status | grep ^Uid: | sort -u',
    );
    expect(users).toContain('Uid:\t10002\t10002\t10002\t10002');
    expect(await container?.stop()).toBe(0);
  });
});

const npmAgent = `import isNumber from 'is-number';
export const agent = { run: () => \`is-number says \${isNumber('7')}.\` };
`;
const pipAgent = `import six


class Six:
    def run(self, messages):
        return f"six is {six.__version__}."


agent = Six()
`;

describe.skipIf(!hasBuildah())('an image of a project, by dropgate init --docker', () => {
  let image = '';
  let root = '';

  beforeAll(async () => {
    root = join(folder, 'project');
    await mkdir(root);
    const dropgate = inProcessCli(root);
    await dropgate('init');
    await dropgate('init', '--docker');
    const archive = basename(await packGateway(root));
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    manifest.devDependencies.dropgate = `file:${archive}`;
    await writeFiles(root, {
      'package.json': JSON.stringify(manifest),
      '.env': 'OPENAI_API_KEY=sk-never-in-an-image\n',
      'src/agents/Number/agent.ts': npmAgent,
      'src/agents/Number/package.json': '{ "dependencies": { "is-number": "7.0.0" } }',
      'src/agents/Number/.env': 'SECRET=never-in-an-image\n',
      'src/agents/Six/agent.py': pipAgent,
      'src/agents/Six/requirements.txt': 'six==1.17.0\n',
    });
    image = await buildImage('agents', { context: root, file: join(root, 'Dockerfile') });
  }, buildTimeoutMs);
  afterAll(() => container?.remove());

  test('serves its agents with their packages, as a user who is not root, on a read-only root', async () => {
    await startWith(image, {
      owner: 10_001,
      folders: { '.dropgate': join(folder, 'state-of-project') },
    });
    expect(await ask('default/sampleagent')).toContain('It is sunny and 21 °C in Paris');
    expect(await ask('default/number')).toContain('is-number says true.');
    expect(await ask('default/six')).toContain('six is 1.17.0.');
    expect(await container?.exec('id', '-u')).toBe('10001');
    await expect(container?.exec('touch', '/srv/dropgate/mark')).rejects.toThrow('Read-only');
    expect(await container?.healthcheck()).toBe(0);
  });

  test('holds no secret of the project', async () => {
    const files = await container?.exec(
      'find',
      '/srv/dropgate',
      '-name',
      '.env*',
      '-o',
      '-name',
      '.npmrc',
    );
    expect(files?.split('\n').filter((file) => !file.includes('/node_modules/'))).toEqual(['']);
    expect(JSON.stringify(await configOf(image))).not.toContain('never-in-an-image');
  });

  test('ends with 0 when it is told to', async () => {
    expect(await container?.stop()).toBe(0);
  });
});

type Start = Partial<ContainerOptions> & {
  /** Number of the user whose the state folder is. */
  readonly owner: number;
  /** Files and folders of the project that are this machine's, by their path in it. */
  readonly folders: Readonly<Record<string, string>>;
};

/** Starts it on a free port of this machine, and waits until every agent is loaded. */
async function startWith(image: string, { owner, folders, ...options }: Start): Promise<void> {
  const state = folders['.dropgate'] ?? '';
  await mkdir(state, { recursive: true, mode: 0o700 });
  await chown(state, owner, owner);
  const port = await freePort();
  const mounts = Object.entries(folders).map(([path, outside]) => [`${project}/${path}`, outside]);
  const started = await startContainer(image, {
    ...options,
    mounts: Object.fromEntries(mounts),
    env: { GATEWAY_PORT: `${port}` },
  });
  container = started;
  url = `http://127.0.0.1:${port}`;
  await until('the gateway to be ready', async () => {
    const ready = await fetch(`${url}/readyz`).catch(() => null);
    return ready?.ok;
  }).catch((error) => {
    throw new Error(`${error.message}\n${started.logs()}`);
  });
  key = (await readFile(join(state, 'bootstrap-key'), 'utf8')).trim();
}

async function ask(model: string): Promise<string> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content: 'What is the weather in Paris?' }],
    }),
  });
  return response.text();
}
