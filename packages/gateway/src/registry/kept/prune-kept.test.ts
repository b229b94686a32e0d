import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sampleManifest } from '../../../test/support/manifest.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { StoredGeneration } from '../../protocol/records.ts';
import { pruneKept } from './prune-kept.ts';

const [source, env, old, young] = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(64)) as [
  string,
  string,
  string,
  string,
];
const nowMs = Date.parse('2026-01-10T00:00:00Z');
const longAgo = new Date('2026-01-08T00:00:00Z');
const anHourAgo = new Date('2026-01-09T23:00:00Z');

const generation: StoredGeneration = {
  agentId: 'default/a',
  modulePath: 'agents/A/agent.ts',
  generation: 3,
  conditions: 'c',
  prints: [],
  envSha256: env,
  filesHash: 'a1',
  loadedAtSeconds: 0,
  manifest: sampleManifest({ files: [{ path: '/p/agents/A/agent.ts', sha256: source }] }),
};

async function keptFolder(): Promise<string> {
  const names = [source, env, old, young, `${source}.1234`, `${old}.0b5c-9f`, 'README.md'];
  const folder = await tempFolder(Object.fromEntries(names.map((name) => [name, 'x'])));
  for (const name of names) {
    const time = name === young ? anHourAgo : longAgo;
    await utimes(join(folder, name), time, time);
  }
  return folder;
}

test('removes what no generation is made of, and drafts, a day after they were written', async () => {
  const folder = await keptFolder();
  await pruneKept(folder, [generation], nowMs);
  expect((await readdir(folder)).sort()).toEqual(['README.md', source, env, young].sort());
});

test('removes nothing where no generation is known, or no folder is there', async () => {
  const folder = await keptFolder();
  await pruneKept(folder, [], nowMs);
  expect(await readdir(folder)).toHaveLength(7);
  await pruneKept(join(folder, 'none'), [generation], nowMs);
});
