import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { openStore } from '../../src/storage/open-store.ts';
import type { StoreUnderTest } from './store-contract.ts';

/** A process of its own on a store; see the file. */
export const storeProcess = join(import.meta.dirname, '../fixtures/store-process.ts');

/** Lines after which the writing process is killed. */
const LINES_BEFORE_KILL = 90;

/** What every store has to do for several processes, and for one that is killed. Databases are new, without tables. */
export function describeStoreProcesses(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`processes on a ${name} store`, () => {
    test('that is new make it once, however many start at once', async () => {
      const { url, destroy } = await create();
      const open = () => promisify(execFile)(process.execPath, [storeProcess, url, 'open']);
      const results = await Promise.all([open(), open(), open()]);
      const versions = '{"keys":1,"overrides":1,"rules":1}\n';
      expect(results.map(({ stdout }) => stdout)).toEqual([versions, versions, versions]);
      await destroy();
    });

    test('that are killed while they write lose nothing that was acknowledged', async () => {
      const { url, destroy } = await create();
      const acknowledged = await writeUntilKilled(url);
      expect(acknowledged.length).toBeGreaterThanOrEqual(LINES_BEFORE_KILL);
      const store = await openStore(url);
      const kept = new Set([
        ...(await store.keys.list()).map(({ id }) => id),
        ...(await store.overrides.list()).map(({ id }) => id),
      ]);
      for (const id of acknowledged.filter((it) => it.startsWith('call_'))) {
        const { day } = await store.spending.spent(id.replace('call', 'key'), 1_800_000_000);
        if (day === 7) kept.add(id);
      }
      expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
      // Half of a change is none: each key and override came with its version.
      const { keys, overrides } = await store.versions();
      expect([keys - 1, overrides - 1]).toEqual([
        (await store.keys.list()).length,
        (await store.overrides.list()).length,
      ]);
      await store.close();
      await destroy();
    });
  });
}

/** The ids that a process said it had written before it was killed. */
async function writeUntilKilled(url: string): Promise<string[]> {
  const writer = spawn(process.execPath, [storeProcess, url, 'write'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(writer, 'exit');
  let said = '';
  for await (const chunk of writer.stdout) {
    said += chunk;
    if (said.split('\n').length > LINES_BEFORE_KILL) writer.kill('SIGKILL');
  }
  expect(await ended).toEqual([null, 'SIGKILL']);
  // A line that was cut off was not acknowledged.
  return said.split('\n').slice(0, -1);
}
