import { rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import type { FilePrint } from '../../protocol/records.ts';
import { takePrints, unchangedPrints } from './fingerprint.ts';

test('calls a file unchanged whose time differs and whose content does not', async () => {
  const folder = await tempFolder({ 'a.ts': 'one' });
  const prints = await takePrints([join(folder, 'a.ts')]);
  await utimes(join(folder, 'a.ts'), 1, 1);
  expect(await unchangedPrints(prints)).toMatchObject([{ size: 3, sha256: prints[0]?.sha256 }]);
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

test('sees an edit of the same size that follows at once', async () => {
  const file = join(await tempFolder({ 'a.ts': 'one' }), 'a.ts');
  const prints = await takePrints([file]);
  await writeFile(file, 'two');
  expect(await unchangedPrints(prints)).toBeNull();
});

test.each([
  ['the same as before', (before: number) => before],
  ['long ago', () => 1],
  ['in a future that the clock has been set back from', () => 4_000_000_000],
])(
  'sees an edit of the same size whose time is %s, and is content afterwards',
  async (_when, time) => {
    const file = join(await tempFolder({ 'a.ts': 'one' }), 'a.ts');
    const seconds = (await stat(file)).mtimeMs / 1000;
    await utimes(file, seconds, seconds);
    const prints = await settledPrints(file);
    await writeFile(file, 'two');
    await utimes(file, time(seconds), time(seconds));
    expect(await unchangedPrints(prints)).toBeNull();
    const after = await settledPrints(file);
    expect(await unchangedPrints(after)).toEqual(after);
  },
);

test('reads nothing of a file that stands still', async () => {
  const file = join(await tempFolder({ 'a.ts': 'one' }), 'a.ts');
  const { size, mtimeMs, ctimeMs: changedMs } = await stat(file);
  const prints = [{ path: file, size, mtimeMs, changedMs, sha256: 'not looked at' }];
  expect(await unchangedPrints(prints)).toEqual(prints);
});

/** Prints taken so long after the last change that the next one shows another time. */
async function settledPrints(file: string): Promise<FilePrint[]> {
  await expect.poll(async () => (await takePrints([file]))[0]?.changedMs).toBeGreaterThan(0);
  return takePrints([file]);
}
