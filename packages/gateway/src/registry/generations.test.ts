import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
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
