import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scriptedPool } from '../../../test/support/scripted-pool.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { asksForPermissions, pathsAskedFor, permissionFlags } from './node-permissions.ts';

describe('Node’s permissions', () => {
  test.each([
    ['--permission', true],
    ['--no-warnings  --permission --allow-fs-read=/srv', true],
    ['--permission-audit', false],
    ['--no-permission', false],
    [undefined, false],
  ])('are asked for by %s: %s', (nodeOptions, isAsked) => {
    expect(asksForPermissions(nodeOptions)).toBe(isAsked);
    expect(permissionFlags(nodeOptions, ['/srv']).length > 0).toBe(isAsked);
  });

  test('let a worker read its module and the packages on the way, by all their names', async () => {
    const root = await tempFolder({ 'packages/zod/index.js': '' });
    await mkdir(join(root, 'agents/A/node_modules'), { recursive: true });
    await symlink(join(root, 'packages'), join(root, 'agents/node_modules'));
    const flags = permissionFlags('--permission', [join(root, 'agents/A'), join(root, 'kept/*')]);
    expect(flags).toEqual([
      '--allow-addons',
      '--disable-warning=PERM0001',
      '--no-experimental-sqlite',
      `--allow-fs-read=${root}/agents/A`,
      `--allow-fs-read=${root}/agents/A/node_modules`,
      `--allow-fs-read=${root}/agents/node_modules`,
      `--allow-fs-read=${root}/packages`,
      `--allow-fs-read=${root}/kept/*`,
    ]);
  });

  test('do not follow packages of the module’s own that are a link to elsewhere', async () => {
    const root = await tempFolder({ 'secret/index.js': '' });
    await mkdir(join(root, 'agents/A'), { recursive: true });
    await symlink('../../secret', join(root, 'agents/A/node_modules'));
    const flags = permissionFlags('--permission', [join(root, 'agents/A')]);
    expect(flags.filter((flag) => flag.startsWith('--allow-fs-read'))).toEqual([
      `--allow-fs-read=${root}/agents/A`,
    ]);
  });

  test('leave SQLite to whom it is given by name', () => {
    const asked = '--permission --experimental-sqlite';
    expect(permissionFlags(asked, ['/srv'])).not.toContain('--no-experimental-sqlite');
  });

  test.each([
    ['--permission', []],
    ['--permission --allow-fs-read=/a --allow-fs-read /b/*', ['/a', '/b/*']],
    ['--allow-fs-read=* --permission', ['*']],
  ])('asked for in %s let a worker read %j beside its own', (nodeOptions, paths) => {
    expect(pathsAskedFor(nodeOptions)).toEqual(paths);
  });

  test('leave no spare waiting where every worker is held to them', async () => {
    const hostEnv = { NODE_OPTIONS: '--permission' };
    const held = scriptedPool({ spares: 1, env: ['NODE_OPTIONS'] }, { hostEnv });
    const free = scriptedPool({ spares: 1, env: [] }, { hostEnv });
    await Promise.all([held.start(), free.start()]);
    expect(held.workers()).toEqual([]);
    expect(free.workers()).toMatchObject([{ state: 'spare' }]);
  });
});
