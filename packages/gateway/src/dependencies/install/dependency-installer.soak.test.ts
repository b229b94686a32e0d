import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { noPython } from '../../../test/support/no-python.ts';
import {
  type NpmRegistry,
  type PublishedPackage,
  startNpmRegistry,
  tarballOf,
} from '../../../test/support/npm-registry.ts';
import { tempFolder, writeFiles } from '../../../test/support/temp-folder.ts';
import { createDependencyInstaller } from './dependency-installer.ts';
import type { InstallDeps } from './install-result.ts';

const alpha = { name: 'alpha', version: '1.0.0', dependencies: { beta: '^1.0.0' } };
const beta = { name: 'beta', version: '1.2.0' };
const note = `require('fs').writeFileSync('env.json', JSON.stringify(process.env))`;
const scripted = {
  name: 'scripted',
  version: '1.0.0',
  scripts: { postinstall: 'node note.js' },
  files: { 'note.js': note, 'index.js': '' },
};

async function project(
  dependencies: Readonly<Record<string, string>>,
  packages: readonly PublishedPackage[] = [alpha, beta, scripted],
) {
  const registry = await startNpmRegistry(packages);
  const root = await tempFolder({ 'Spark/agent.ts': `export const agent = { run: () => '' };\n` });
  const folder = join(root, 'Spark');
  const declare = (wanted: Readonly<Record<string, string>>) =>
    writeFiles(folder, { 'package.json': JSON.stringify({ dependencies: wanted }) });
  await declare(dependencies);
  const module = {
    agentId: 'default/spark',
    modulePath: 'Spark/agent.ts',
    folder,
    entry: join(folder, 'agent.ts'),
    language: 'node' as const,
  };
  return {
    root,
    folder,
    registry,
    declare,
    module,
    install: (scripts: 'run' | 'skip' = 'skip', deps: Partial<InstallDeps> = {}) =>
      installerFor(registry, deps).install(module, { scripts }),
    plan: (deps: Partial<InstallDeps> = {}) => installerFor(registry, deps).plan(module),
    read: (path: string) => readFile(join(folder, path), 'utf8').catch(() => null),
    /** What lies in the project, but for the insides of packages. */
    listing: async () => [
      ...(await readdir(root)),
      ...(await readdir(folder)),
      ...(await readdir(join(folder, 'node_modules')).catch(() => [])),
    ],
  };
}

function installerFor({ env }: NpmRegistry, deps: Partial<InstallDeps>) {
  const { signal } = new AbortController();
  return createDependencyInstaller({ environment: env, signal, pythons: noPython, ...deps });
}

describe('an install', () => {
  test('puts what is declared, and what that needs, into the folder with a lock file', async () => {
    const { install, read, listing } = await project({ alpha: '^1.0.0' });
    expect(await install()).toEqual({
      type: 'installed',
      packages: [
        { name: 'alpha', version: '1.0.0' },
        { name: 'beta', version: '1.2.0' },
      ],
      skippedScripts: [],
      warnings: [],
    });
    expect(await read('node_modules/alpha/index.js')).toContain('alpha@1.0.0');
    expect(await read('package-lock.json')).toContain('sha512-');
    expect(await listing()).toEqual([
      'Spark',
      'agent.ts',
      'node_modules',
      'package-lock.json',
      'package.json',
      '.package-lock.json',
      'alpha',
      'beta',
    ]);
  });

  test('takes the versions that the lock file names', async () => {
    const newer = { ...beta, version: '1.3.0' };
    const { install, folder, read } = await project({ beta: '1.2.0' }, [beta, newer]);
    await install();
    await writeFiles(folder, {
      'package.json': JSON.stringify({ dependencies: { beta: '^1.2.0' } }),
    });
    await rm(join(folder, 'node_modules'), { recursive: true });
    await install();
    expect(await read('node_modules/beta/index.js')).toContain('beta@1.2.0');
  });

  test('has nothing to do where all is there, and starts no npm for it', async () => {
    const { install } = await project({ zod: '^4' });
    expect(await install('skip', { environment: { PATH: '' } })).toEqual({
      type: 'nothing_to_do',
      declares: true,
    });
  });

  test('has nothing to do for a module without a package.json', async () => {
    const { install, folder } = await project({});
    await rm(join(folder, 'package.json'));
    expect(await install()).toEqual({ type: 'nothing_to_do', declares: false });
  });

  test('replaces a version that does not fit', async () => {
    const second = { ...beta, version: '2.0.0' };
    const { install, declare, read } = await project({ beta: '^1.0.0' }, [beta, second]);
    await install();
    await declare({ beta: '^2.0.0' });
    expect(await install()).toMatchObject({ type: 'installed' });
    expect(await read('node_modules/beta/index.js')).toContain('beta@2.0.0');
  });

  test('finds files and folders that package.json names by a relative path', async () => {
    const { install, declare, root, folder, read } = await project({});
    await writeFile(join(root, 'beta.tgz'), tarballOf(beta));
    await writeFiles(root, {
      'shared/package.json': '{"name":"shared","version":"1.0.0"}',
      'shared/index.js': 'shared',
      'Spark/vendor/near/package.json': '{"name":"near","version":"1.0.0"}',
    });
    await declare({ beta: 'file:../beta.tgz', shared: 'file:../shared', near: 'file:vendor/near' });
    expect(await install()).toMatchObject({ type: 'installed' });
    expect(await read('node_modules/beta/index.js')).toContain('beta@1.2.0');
    expect(await read('node_modules/shared/index.js')).toBe('shared');
    expect(await read('node_modules/near/package.json')).toContain('near');
    expect(await readdir(join(folder, 'vendor'))).toEqual(['near']);
  });

  test('goes to the folder a module is linked to', async () => {
    const { install, root, folder, module } = await project({ beta: '1.2.0' });
    await symlink(folder, join(root, 'Link'));
    Object.assign(module, { folder: join(root, 'Link') });
    expect(await install()).toMatchObject({ type: 'installed' });
    await access(join(folder, 'node_modules/beta/index.js'));
  });

  test('warns of a name that is probably not the package meant', async () => {
    const { install } = await project({ axois: '*' }, [{ name: 'axois', version: '1.0.0' }]);
    expect(await install()).toMatchObject({
      type: 'installed',
      warnings: [{ code: 'lookalike_package' }],
    });
  });
});

describe('install scripts', () => {
  test('do not run, and are named', async () => {
    const { install, read } = await project({ scripted: '1.0.0' });
    expect(await install()).toMatchObject({
      type: 'installed',
      skippedScripts: [{ name: 'scripted', version: '1.0.0' }],
    });
    expect(await read('node_modules/scripted/env.json')).toBeNull();
  });

  test('run where they are allowed afterwards', async () => {
    const { install, read } = await project({ scripted: '1.0.0' });
    await install();
    expect(await install('run')).toMatchObject({ type: 'installed', skippedScripts: [] });
    expect(await read('node_modules/scripted/env.json')).not.toBeNull();
  });

  test('run where they are allowed, without the keys of the gateway', async () => {
    const { install, registry, read } = await project({ scripted: '1.0.0' });
    const secrets = { OPENAI_API_KEY: 'sk-secret', GATEWAY_STORE_URL: 'postgres://secret' };
    const environment = { ...registry.env, ...secrets, LANG: 'C.UTF-8' };
    expect(await install('run', { environment })).toMatchObject({ skippedScripts: [] });
    const seen = (await read('node_modules/scripted/env.json')) ?? '';
    expect(JSON.parse(seen)).toMatchObject({ LANG: 'C.UTF-8' });
    expect(seen).not.toContain('secret"');
  });
});

describe('a plan', () => {
  test('says what is there, what would come, and whose scripts would run', async () => {
    const wanted = { alpha: '^1.0.0', scripted: '*', zod: '^4' };
    const zod = { name: 'zod', version: '4.6.0' };
    const { plan, folder, listing } = await project(wanted, [alpha, beta, scripted, zod]);
    expect(await plan()).toMatchObject({
      target: join(folder, 'node_modules'),
      packages: [
        { name: 'alpha', state: 'missing', found: null },
        { name: 'scripted', state: 'missing' },
        { name: 'zod', state: 'ok', found: { isGatewayCopy: true } },
      ],
      resolved: {
        packages: [{ name: 'alpha' }, { name: 'beta' }, { name: 'scripted' }, { name: 'zod' }],
        withScripts: [{ name: 'scripted', version: '1.0.0' }],
      },
      failure: null,
    });
    expect(await listing()).toEqual(['Spark', 'agent.ts', 'package.json']);
  });

  test('says why npm could not make one', async () => {
    const { plan } = await project({ nowhere: '*' });
    expect(await plan()).toMatchObject({ resolved: null, failure: { code: 'npm_failed' } });
  });

  test('needs no npm where all is there', async () => {
    const { plan } = await project({ zod: '^4' });
    const planned = await plan({ environment: { PATH: '' } });
    expect(planned).toMatchObject({ resolved: null, failure: null });
  });
});

describe('an install that fails', () => {
  /** A module with beta 1.2.0 that now wants what cannot be had. */
  async function failing(wanted: Readonly<Record<string, string>>) {
    const made = await project(wanted);
    const version = '1.2.0';
    const lock = JSON.stringify({
      lockfileVersion: 3,
      packages: { '': { dependencies: { beta: version } }, 'node_modules/beta': { version } },
    });
    await writeFiles(made.folder, {
      'package-lock.json': lock,
      'node_modules/beta/package.json': JSON.stringify({ name: 'beta', version }),
      'node_modules/beta/index.js': 'beta@1.2.0',
    });
    const listing = await made.listing();
    return {
      ...made,
      expectUnchanged: async () => {
        expect(await made.read('package-lock.json')).toBe(lock);
        expect(await made.read('node_modules/beta/index.js')).toContain('beta@1.2.0');
        expect((await made.listing()).toSorted()).toEqual(listing.toSorted());
      },
    };
  }

  test('for a version that does not exist says so and changes nothing', async () => {
    const { install, expectUnchanged } = await failing({ beta: '99.0.0' });
    expect(await install()).toMatchObject({
      type: 'failed',
      failure: {
        code: 'npm_failed',
        message: 'npm could not install: No matching version found for beta@99.0.0.',
        hint: 'Correct the version in package.json to one that exists.',
      },
    });
    await expectUnchanged();
  });

  test('for a package that does not exist says so and changes nothing', async () => {
    const { install, expectUnchanged } = await failing({ beta: '1.2.0', nowhere: '*' });
    expect(await install()).toMatchObject({
      failure: {
        code: 'npm_failed',
        hint: 'Correct the name in package.json; the registry has no such package.',
      },
    });
    await expectUnchanged();
  });

  test('for a tarball that is none changes nothing', async () => {
    const { install, folder, expectUnchanged } = await failing({ gamma: 'file:./broken.tgz' });
    await writeFile(join(folder, 'broken.tgz'), 'This is no archive.');
    expect(await install()).toMatchObject({ type: 'failed', failure: { code: 'npm_failed' } });
    await rm(join(folder, 'broken.tgz'));
    await expectUnchanged();
  });

  test('because it was interrupted half-way changes nothing, and the next one works', async () => {
    const { install, registry, read, expectUnchanged } = await failing({ beta: '*', alpha: '*' });
    const stop = new AbortController();
    const download = registry.hold('alpha');
    const result = install('skip', { signal: stop.signal });
    await download.begun;
    stop.abort();
    expect(await result).toMatchObject({ type: 'failed', failure: { code: 'interrupted' } });
    await expectUnchanged();
    download.release();
    expect(await install()).toMatchObject({ type: 'installed' });
    expect(await read('node_modules/alpha/index.js')).toContain('alpha@1.0.0');
  });

  test('because it takes too long is stopped and changes nothing', async () => {
    const { install, registry, expectUnchanged } = await failing({ alpha: '*' });
    registry.hold('alpha');
    expect(await install('skip', { timeoutMs: 1000 })).toMatchObject({
      failure: { code: 'timed_out' },
    });
    await expectUnchanged();
  });

  test('because npm is told to leave packages out changes nothing', async () => {
    const { install, registry, expectUnchanged } = await failing({ alpha: '*' });
    const environment = { ...registry.env, npm_config_package_lock_only: 'true' };
    expect(await install('skip', { environment })).toMatchObject({
      failure: { code: 'incomplete_install', message: expect.stringContaining('alpha (*)') },
    });
    await expectUnchanged();
  });

  test('because the new packages cannot be put in place has the old ones back', async () => {
    const { install, registry, folder, read, listing } = await failing({ alpha: '*' });
    await rm(join(folder, 'package-lock.json'));
    const download = registry.hold('alpha');
    const result = install();
    await download.begun;
    await writeFiles(folder, { 'package-lock.json/in-the-way': '' });
    download.release();
    expect(await result).toMatchObject({ failure: { code: 'folder_not_writable' } });
    expect(await read('node_modules/beta/index.js')).toContain('beta@1.2.0');
    expect(await listing()).not.toContain('alpha');
  });

  test('because the folder cannot be copied changes nothing', async () => {
    const { install, root, folder } = await project({ beta: '1.2.0' });
    await writeFiles(folder, { 'package-lock.json/no-file': '' });
    expect(await install()).toMatchObject({ failure: { code: 'folder_not_writable' } });
    expect(await readdir(root)).toEqual(['Spark']);
  });

  test('for a package.json that does not parse is refused with the place', async () => {
    const { install, folder } = await project({});
    await writeFile(join(folder, 'package.json'), '{');
    expect(await install()).toMatchObject({
      type: 'refused',
      finding: { code: 'bad_package_json', line: 1, column: 2 },
    });
  });
});

describe('the copy an install works in', () => {
  test('keeps a second install away while its owner lives', async () => {
    const { install, registry, folder } = await project({ alpha: '*' });
    const download = registry.hold('alpha');
    const stop = new AbortController();
    const first = install('skip', { signal: stop.signal });
    await download.begun;
    expect(await install()).toMatchObject({ failure: { code: 'install_running' } });
    stop.abort();
    await first;
    expect(await readdir(folder)).toEqual(['agent.ts', 'package.json']);
  });

  test('of an owner that is gone is cleaned up, and what was half swapped is put back', async () => {
    const { install, root, folder, read } = await project({ mark: '1.0.0', nowhere: '*' });
    const gone = spawn(process.execPath, ['-e', '']);
    await once(gone, 'exit');
    const left = '.dropgate-install-Spark';
    await writeFiles(root, {
      [`${left}/owner.json`]: JSON.stringify({ pid: gone.pid, identity: '1', group: null }),
      [`${left}/package-lock.json`]: '{}',
      [`${left}/previous_node_modules/mark/package.json`]: '{"version":"1.0.0"}',
    });
    await writeFiles(folder, { 'node_modules/half/package.json': '{}' });
    expect(await install()).toMatchObject({ type: 'failed', failure: { code: 'npm_failed' } });
    expect(await readdir(join(folder, 'node_modules'))).toEqual(['mark']);
    expect(await read('node_modules/mark/package.json')).toContain('1.0.0');
    expect(await readdir(root)).toEqual(['Spark']);
  });
});

test('without an npm the install says what to do', async () => {
  const { install, root } = await project({ alpha: '*' });
  await mkdir(join(root, 'empty'));
  expect(await install('skip', { environment: { PATH: join(root, 'empty') } })).toMatchObject({
    type: 'failed',
    failure: { code: 'npm_missing', hint: expect.stringContaining('https://nodejs.org') },
  });
});
