import { symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { pythonInPath } from '../../test/support/python-in-path.ts';
import { missingPython } from '../../test/support/python-with-sdk.ts';
import { type ScriptedPool, scriptedLoad, scriptedPool } from '../../test/support/scripted-pool.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';

const missing = await missingPython();
const never = new AbortController().signal;
const pools: ScriptedPool[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.dispose()));
});

/** A pool, and environments in a folder: each an interpreter that starts this machine's Python. */
async function scene(...names: readonly string[]) {
  const pool = scriptedPool({ spares: 1 });
  pools.push(pool);
  const files = names.flatMap((name) => [
    [`${name}/.venv/bin/keep`, ''],
    [`${name}/.venv/pyvenv.cfg`, ''],
    [`${name}/.venv/lib/python3.x/site-packages/keep`, ''],
  ]);
  const root = await tempFolder(Object.fromEntries(files));
  for (const name of names) {
    await symlink(pythonInPath(), join(root, name, '.venv/bin/python'));
  }
  const load = (name: string, changes: Partial<Parameters<typeof scriptedLoad>[1]> = {}) =>
    scriptedLoad('ok', {
      language: 'python',
      env: {},
      agentId: `default/${name}`,
      folder: join(root, name),
      interpreter: join(root, name, '.venv/bin/python'),
      ...changes,
    });
  const spares = () => pool.workers().filter(({ state }) => state === 'spare');
  return { pool, root, load, spares };
}

describe.skipIf(missing)('spares of Python', () => {
  test('of a shared environment are replaced when the environment is another', async () => {
    const { pool, root, load, spares } = await scene('shared');
    const shared = (generation: number) => load('shared', { folder: '/elsewhere', generation });
    await pool.prepare(shared(1), never);
    const [first] = spares();
    await pool.prepare(shared(2), never);
    expect(pool.workers().find(({ pid }) => pid === first?.pid)).toMatchObject({ generation: 2 });
    const [second] = spares();
    await utimes(join(root, 'shared/.venv/lib/python3.x/site-packages'), 1, 1);
    await pool.prepare(shared(3), never);
    await expect.poll(() => pool.workers().some(({ pid }) => pid === second?.pid)).toBe(false);
    expect(spares()).toHaveLength(1);
  });

  test('of environments of modules’ own there is one, of the module edited last', async () => {
    const { pool, load, spares } = await scene('one', 'two');
    await pool.prepare(load('one'), never);
    await pool.prepare(load('two'), never);
    expect(spares()).toEqual([]);
    await pool.prepare(load('one', { generation: 2 }), never);
    const [ofOne] = spares();
    expect(ofOne).toMatchObject({ state: 'spare' });
    await pool.prepare(load('two', { generation: 2 }), never);
    await expect.poll(() => pool.workers().some(({ pid }) => pid === ofOne?.pid)).toBe(false);
    const [ofTwo] = spares();
    await pool.prepare(load('two', { generation: 3 }), never);
    expect(pool.workers().find(({ pid }) => pid === ofTwo?.pid)).toMatchObject({
      agentId: 'default/two',
      generation: 3,
    });
  });

  test('end when the pool is closed', async () => {
    const { pool, load } = await scene('shared');
    await pool.prepare(load('shared', { folder: '/elsewhere' }), never);
    await pool.close(0);
    expect(pool.workers()).toEqual([]);
  });
});
