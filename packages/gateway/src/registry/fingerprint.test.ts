import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { takePrints, unchangedPrints } from './fingerprint.ts';

test('calls a file unchanged whose time differs and whose content does not', async () => {
  const folder = await tempFolder({ 'a.ts': 'one' });
  const prints = await takePrints([join(folder, 'a.ts')]);
  await utimes(join(folder, 'a.ts'), 1, 1);
  const now = await unchangedPrints(prints);
  expect(now).toMatchObject([{ mtimeMs: 1000, sha256: prints[0]?.sha256 }]);
});

test('sees a change of content, an appearance and a disappearance', async () => {
  const folder = await tempFolder({ 'changed.ts': 'one', 'gone.ts': 'one' });
  const [changed, gone, fresh] = ['changed.ts', 'gone.ts', 'fresh.ts'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const [changedPrint, gonePrint, freshPrint] = await Promise.all([
    takePrints([changed]),
    takePrints([gone]),
    takePrints([fresh]),
  ]);
  await writeFile(changed, 'other');
  await rm(gone);
  await writeFile(fresh, 'new');
  expect(await unchangedPrints(changedPrint)).toBeNull();
  expect(await unchangedPrints(gonePrint)).toBeNull();
  expect(await unchangedPrints(freshPrint)).toBeNull();
});

test('calls a file that stays absent unchanged', async () => {
  const folder = await tempFolder();
  const prints = await takePrints([join(folder, '.env')]);
  expect(await unchangedPrints(prints)).toEqual(prints);
});
