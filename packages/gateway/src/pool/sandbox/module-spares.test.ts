import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { noSandbox } from '../../../test/support/bubblewrap.ts';
import {
  type ScriptedPool,
  scriptedLoad,
  scriptedPool,
} from '../../../test/support/scripted-pool.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { ModuleLoad } from '../../protocol/records.ts';

const never = new AbortController().signal;
const missing = noSandbox();

describe.skipIf(missing !== null)(`spares in a sandbox (${missing ?? 'run'})`, () => {
  test('wait for the module that was edited last, in its own sandbox', async () => {
    const { pool, load } = await boxedPool();
    await pool.prepare(load(1), never);
    expect(spares(pool)).toEqual([]);
    await pool.prepare(load(2), never);
    const [waiting] = spares(pool);
    await pool.prepare(load(3), never);
    expect(pool.workers()).toContainEqual(
      expect.objectContaining({ pid: waiting, generation: 3, state: 'ready' }),
    );
    expect(spares(pool)).toHaveLength(1);
    expect(spares(pool)).not.toContain(waiting);
  });

  test('wait for one module at a time', async () => {
    const { pool, load } = await boxedPool();
    await pool.prepare(load(2), never);
    const [first] = spares(pool);
    await pool.prepare(load(2, 'Other'), never);
    await expect.poll(() => spares(pool)).not.toContain(first);
    expect(spares(pool)).toHaveLength(1);
  });

  test('are not used for a folder that took the place of theirs', async () => {
    const { pool, load, folder } = await boxedPool();
    await pool.prepare(load(2), never);
    const [first] = spares(pool);
    renameSync(join(folder, 'Echo'), join(folder, 'gone'));
    mkdirSync(join(folder, 'Echo'));
    rmSync(join(folder, 'gone'), { recursive: true });
    await pool.prepare(load(3), never);
    const served = pool.workers().find(({ generation }) => generation === 3);
    expect(served?.pid).not.toBe(first);
  });

  test('do not wait for a module whose process starts with variables of its own', async () => {
    const { pool, load } = await boxedPool();
    const env = { ON_LOAD: 'ok', UV_THREADPOOL_SIZE: '2' };
    await pool.prepare({ ...load(2), env }, never);
    expect(spares(pool)).toEqual([]);
  });
});

async function boxedPool() {
  const root = await tempFolder({ 'Echo/agent.ts': '', 'Other/agent.ts': '' });
  const pool = scriptedPool({ spares: 1 }, { folder: root, isBoxed: true });
  onTestFinished(() => pool.dispose());
  const load = (generation: number, name = 'Echo'): ModuleLoad =>
    scriptedLoad('ok', {
      generation,
      name,
      agentId: `default/${name.toLowerCase()}`,
      folder: join(root, name),
      entry: join(root, name, 'agent.ts'),
    });
  return { pool, load, folder: root };
}

function spares(pool: ScriptedPool): number[] {
  return pool.workers().flatMap(({ pid, state }) => (state === 'spare' ? pid : []));
}
