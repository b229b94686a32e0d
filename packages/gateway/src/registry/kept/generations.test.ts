import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makePipe } from '../../../test/support/make-pipe.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { createGenerations } from './generations.ts';

const hashOfOne = '7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed';

test('keeps the bytes under their hash, so that a later edit leaves them alone', async () => {
  const folder = await tempFolder({ 'agent.ts': 'one' });
  const generations = createGenerations(join(folder, 'kept'));
  const file = { path: join(folder, 'agent.ts'), sha256: hashOfOne };
  expect(await generations.keep([file])).toBe(true);
  await writeFile(file.path, 'two');
  expect(await readFile(join(generations.folder, hashOfOne), 'utf8')).toBe('one');
  expect(await generations.keep([file])).toBe(true);
});

test('says so when a file is no longer what was loaded, and keeps nothing of it', async () => {
  const folder = await tempFolder({ 'agent.ts': 'two' });
  const generations = createGenerations(join(folder, 'kept'));
  expect(await generations.keep([{ path: join(folder, 'agent.ts'), sha256: hashOfOne }])).toBe(
    false,
  );
  expect(await readdir(generations.folder)).toEqual([]);
});

test('replaces what lies under a hash and is not what the hash is of', async () => {
  const folder = await tempFolder({ 'agent.ts': 'one', [`kept/${hashOfOne}`]: 'poisoned' });
  const generations = createGenerations(join(folder, 'kept'));
  expect(await generations.has([hashOfOne])).toBe(false);
  expect(await generations.read(hashOfOne)).toBeNull();
  expect(await generations.keep([{ path: join(folder, 'agent.ts'), sha256: hashOfOne }])).toBe(
    true,
  );
  expect((await generations.read(hashOfOne))?.toString()).toBe('one');
});

test('reads nothing that has no end, though a worker says it loaded it', async () => {
  const folder = await tempFolder();
  const generations = createGenerations(join(folder, 'kept'));
  const pipe = join(folder, 'pipe.ts');
  makePipe(pipe);
  for (const path of [pipe, '/dev/zero', folder]) {
    expect(await generations.keep([{ path, sha256: hashOfOne }])).toBe(false);
  }
});

test.runIf(process.getuid?.() === 0)(
  'lets a group read what is kept, and nobody else',
  async () => {
    const folder = await tempFolder({ 'agent.ts': 'one' });
    const generations = createGenerations(join(folder, 'kept'), { readableBy: 1001 });
    const path = join(folder, 'agent.ts');
    expect(await generations.keep([{ path, sha256: hashOfOne }])).toBe(true);
    const { uid, gid, mode } = await stat(join(generations.folder, hashOfOne));
    expect([uid, gid, mode & 0o777]).toEqual([0, 1001, 0o640]);
  },
);
