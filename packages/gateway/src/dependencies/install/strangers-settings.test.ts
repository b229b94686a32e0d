import { access, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makePipe } from '../../../test/support/make-pipe.ts';
import { noPython } from '../../../test/support/no-python.ts';
import { type PublishedPackage, startNpmRegistry } from '../../../test/support/npm-registry.ts';
import { tempFolder, writeFiles } from '../../../test/support/temp-folder.ts';
import { createDependencyInstaller } from './dependency-installer.ts';

const beta = { name: 'beta', version: '1.2.0' };

/** A module that declares beta, or what is given, with files of its own; `ran` tells whether one of them was run. */
async function module(
  files: Readonly<Record<string, string>>,
  packages: readonly PublishedPackage[] = [beta],
) {
  const { env } = await startNpmRegistry(packages);
  const root = await tempFolder();
  const folder = join(root, 'agents/Spark');
  const mark = join(root, 'ran');
  const program = `#!/bin/sh\necho "$0" >> ${mark}\n`;
  await writeFiles(folder, {
    'agent.ts': '',
    'package.json': '{"dependencies":{"beta":"*"}}',
    'program.js': `require('fs').writeFileSync(${JSON.stringify(mark)}, 'node')`,
    ...files,
  });
  await writeFiles(root, { 'agents/Spark/program.sh': program });
  const { chmod } = await import('node:fs/promises');
  await chmod(join(folder, 'program.sh'), 0o755);
  const about = {
    agentId: 'default/spark',
    modulePath: 'agents/Spark/agent.ts',
    folder,
    entry: join(folder, 'agent.ts'),
    language: 'node' as const,
  };
  const { signal } = new AbortController();
  const installer = (more: Readonly<Record<string, string>>) =>
    createDependencyInstaller({ environment: { ...env, ...more }, signal, pythons: noPython });
  return {
    root,
    folder,
    env,
    plan: (more = {}) => installer(more).plan(about),
    install: (scripts: 'run' | 'skip' = 'skip', more = {}) =>
      installer(more).install(about, { scripts }),
    ran: () =>
      access(mark).then(
        () => true,
        () => false,
      ),
  };
}

const gitOf = (folder: string) => `git+file://${folder}/repository`;

describe('the .npmrc of a module', () => {
  test('names no program that a plan or an install would run', async () => {
    const scene = await module({
      '.npmrc': [
        'git=./program.sh',
        'script-shell=./program.sh',
        'node-options=--require=./program.js',
        'ignore-scripts=false',
        'git = "./program.sh"',
        '[section]',
        'omit[]=optional',
        'cafile=/etc/passwd',
        'proxy=http://127.0.0.1:1',
        'userconfig=./other',
      ].join('\n'),
    });
    const planned = await scene.plan();
    expect(planned).toMatchObject({ failure: null, resolved: { packages: [beta] } });
    const ignored = planned.findings.filter(({ code }) => code === 'npmrc_line_ignored');
    expect(ignored.map(({ line }) => line)).toEqual([1, 2, 3, 4, 5, 6, 8, 9, 10]);
    expect(ignored[0]).toMatchObject({
      severity: 'warning',
      message: "The line `git` of the module's .npmrc is not used.",
    });
    expect(JSON.stringify(ignored)).not.toContain('program.sh');
    expect(await scene.install()).toMatchObject({ type: 'installed' });
    expect(await scene.ran()).toBe(false);
  });

  test('is not read where it is a pipe or leads out', async () => {
    const scene = await module({});
    makePipe(join(scene.folder, '.npmrc'));
    expect(await scene.plan()).toMatchObject({ failure: null, resolved: { packages: [beta] } });
    await rm(join(scene.folder, '.npmrc'));
    await writeFiles(scene.root, { secret: 'secret=planted' });
    await symlink('../../secret', join(scene.folder, '.npmrc'));
    const { findings } = await scene.plan();
    expect(findings.map(({ message }) => message)).toContain(
      "The module's .npmrc is a link that leads out of its folder, so it is not used.",
    );
    expect(JSON.stringify(findings)).not.toContain('planted');
  });

  test.each([
    (port: number) => `registry=http://127.0.0.1:${port}/`,
    (port: number) =>
      `registry=http://127.0.0.1:${port}/\n//127.0.0.1:${port}/:_authToken=\${NPM_TOKEN}`,
    (port: number) =>
      `registry=http://127.0.0.1:${port}/\n//127.0.0.1:${port}/:_authToken="\\u0024{NPM_TOKEN}"`,
    (port: number) =>
      `registry=http://127.0.0.1:${port}/\${NPM_TOKEN}/\nregistry=http://127.0.0.1:${port}/`,
  ])('that names a registry has no token of the operator sent there (%#)', async (lines) => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.url} ${request.headers.authorization ?? ''}`);
      response.writeHead(404).end('{}');
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const scene = await module({ '.npmrc': lines(port) });
    const { npm_config_registry: _, ...env } = scene.env;
    await writeFiles(env.HOME ?? '', {
      '.npmrc': `//127.0.0.1:${port}/:_authToken=planted-in-npmrc\nfetch-retries=0\n`,
    });
    const more = {
      NPM_TOKEN: 'planted-token',
      NODE_AUTH_TOKEN: 'planted-token',
      [`npm_config_//127.0.0.1:${port}/:_authToken`]: 'planted-in-environment',
    };
    const { signal } = new AbortController();
    const { plan } = createDependencyInstaller({
      environment: { ...env, ...more },
      signal,
      pythons: noPython,
    });
    await plan({
      agentId: 'default/spark',
      modulePath: 'agents/Spark/agent.ts',
      folder: scene.folder,
      entry: join(scene.folder, 'agent.ts'),
      language: 'node',
    });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.join('\n')).not.toContain('planted');
  });
});

describe('packages from elsewhere than a registry', () => {
  test.each([
    ['git+file:./repository'],
    ['git+ssh://git@example.com/a/b.git'],
    ['git@example.com:a/b.git'],
    ['github:a/b'],
    ['a/b#main'],
    ['https://github.com/a/b'],
    ['npm:beta@git+file:./repository'],
  ])('are not fetched with git while no scripts may run: %s', async (from) => {
    const scene = await module({
      'package.json': JSON.stringify({ dependencies: { dep: from } }),
    });
    const refused = { code: 'source_refused', message: `dep (${from}) is fetched with git.` };
    expect(await scene.plan()).toMatchObject({ resolved: null, failure: refused });
    expect(await scene.install()).toMatchObject({ type: 'failed', failure: refused });
  });

  test('are not fetched with git where an override, a lock file or another package names them', async () => {
    const overrides = await module({
      'package.json':
        '{"dependencies":{"beta":"*"},"overrides":{"a":{"b":"git+file:./repository"}}}',
    });
    expect(await overrides.plan()).toMatchObject({ failure: { code: 'source_refused' } });
    const lock = {
      lockfileVersion: 3,
      packages: {
        '': { dependencies: { beta: '*' } },
        'node_modules/beta': { version: '1.2.0', resolved: 'git+file:./repository#abc' },
      },
    };
    const locked = await module({ 'package-lock.json': JSON.stringify(lock) });
    expect(await locked.install()).toMatchObject({ failure: { code: 'source_refused' } });
    const root = await tempFolder();
    const dependencies = { dep: gitOf(root) };
    const indirect = await module({}, [{ ...beta, dependencies }]);
    await mkdir(join(root, 'repository'));
    for (const failure of [(await indirect.plan()).failure, await indirect.install()]) {
      expect(JSON.stringify(failure)).toMatch(/git/);
    }
    expect(await indirect.ran()).toBe(false);
  });

  test('are read of the project alone', async () => {
    const scene = await module({
      'package.json': '{"dependencies":{"dep":"file:../../../outside.tgz"}}',
    });
    expect(await scene.install()).toMatchObject({
      failure: {
        code: 'source_refused',
        message: 'dep (file:../../../outside.tgz) is no file or folder of this project.',
      },
    });
    await writeFiles(scene.folder, {
      'package.json': '{"dependencies":{"dep":"file:./pipe.tgz"}}',
    });
    makePipe(join(scene.folder, 'pipe.tgz'));
    expect(await scene.plan()).toMatchObject({ failure: { code: 'source_refused' } });
  });

  test('are no folders of other agents, as workspaces', async () => {
    const scene = await module({ 'inside/package.json': '{"name":"inside","version":"1.0.0"}' });
    await symlink(dirname(scene.folder), join(scene.folder, 'link'));
    const given = (workspaces: unknown) => {
      const text = JSON.stringify({ dependencies: { beta: '*' }, workspaces });
      return writeFiles(scene.folder, { 'package.json': text });
    };
    for (const workspaces of [['../*'], ['inside', '{.,..}/*'], { packages: ['link/*'] }, ['/']]) {
      await given(workspaces);
      const failure = { code: 'source_refused' };
      expect([workspaces, await scene.plan()]).toMatchObject([workspaces, { failure }]);
      expect([workspaces, await scene.install()]).toMatchObject([workspaces, { failure }]);
    }
    await given(['inside']);
    expect(await scene.plan()).toMatchObject({ failure: null });
  });

  test('are not asked for by a plan where they have an address', async () => {
    const scene = await module({
      'package.json': '{"dependencies":{"dep":"http://127.0.0.1:1/dep.tgz"}}',
    });
    expect(await scene.plan()).toMatchObject({ failure: { code: 'source_refused' } });
  });

  test('run no scripts of a folder that is linked', async () => {
    const scene = await module({
      'package.json':
        '{"dependencies":{"near":"file:vendor/near"},"scripts":{"prepare":"./program.sh","install":"./program.sh"}}',
      'vendor/near/package.json':
        '{"name":"near","version":"1.0.0","scripts":{"prepare":"../../program.sh","install":"../../program.sh"}}',
    });
    expect(await scene.plan()).toMatchObject({ failure: null });
    expect(await scene.install()).toMatchObject({ type: 'installed' });
    expect(await scene.ran()).toBe(false);
  });
});

test('a lock file that is a pipe, or leads out, is refused', async () => {
  const scene = await module({});
  makePipe(join(scene.folder, 'package-lock.json'));
  expect(await scene.plan()).toMatchObject({
    failure: {
      code: 'file_refused',
      message: 'package-lock.json is a pipe or device, not a file.',
    },
  });
  expect(await readFile(join(scene.folder, 'package.json'), 'utf8')).toContain('beta');
});
