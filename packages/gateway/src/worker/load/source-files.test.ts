import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { createSourceFiles } from './source-files.ts';

const sha256OfA = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb';

describe('files of a generation', () => {
  test('are what was read of them first, with the hash of those bytes', async () => {
    const folder = await tempFolder({ 'a.ts': 'a', 'b.ts': 'b' });
    const [a, b] = [join(folder, 'a.ts'), join(folder, 'b.ts')];
    const sources = createSourceFiles({ kept: null, keptFolder: folder });
    expect(sources.peek(b)).toBe('b');
    expect(sources.read(a)).toBe('a');
    await writeFile(a, 'changed');
    expect(sources.read(a)).toBe('a');
    expect(sources.loaded()).toEqual([{ path: a, sha256: sha256OfA }]);
  });

  test('are kept by hash, once, with nothing half-written beside them', async () => {
    const folder = await tempFolder({ 'a.ts': 'a', 'same.ts': 'a' });
    const keptFolder = join(folder, 'generations');
    const sources = createSourceFiles({ kept: null, keptFolder });
    sources.read(join(folder, 'a.ts'));
    sources.read(join(folder, 'same.ts'));
    sources.keep(keptFolder);
    sources.keep(keptFolder);
    expect(await readdir(keptFolder)).toEqual([sha256OfA]);
    expect(await readFile(join(keptFolder, sha256OfA), 'utf8')).toBe('a');
  });

  test('come from what was kept, whatever lies on disk', async () => {
    const folder = await tempFolder({ 'a.ts': 'new', 'late.ts': 'late' });
    const keptFolder = join(folder, 'generations');
    await mkdir(keptFolder);
    await writeFile(join(keptFolder, sha256OfA), 'a');
    const a = join(folder, 'a.ts');
    const sources = createSourceFiles({ kept: { [a]: sha256OfA }, keptFolder });
    await rm(a);
    expect(sources.has(a)).toBe(true);
    expect(sources.read(a)).toBe('a');
    expect(sources.has(join(folder, 'late.ts'))).toBe(false);
    expect(sources.read(join(folder, 'late.ts'))).toBe('late');
  });

  test('are refused where the kept bytes are not those of their hash, and kept anew', async () => {
    const folder = await tempFolder({ 'a.ts': 'a' });
    const [a, keptFolder] = [join(folder, 'a.ts'), join(folder, 'generations')];
    await mkdir(keptFolder);
    await writeFile(join(keptFolder, sha256OfA), 'poisoned');
    const revived = createSourceFiles({ kept: { [a]: sha256OfA }, keptFolder });
    expect(() => revived.read(a)).toThrow(
      'somebody changed the bytes that the gateway kept of it.',
    );
    expect(revived.loaded()).toEqual([]);
    const sources = createSourceFiles({ kept: null, keptFolder });
    sources.read(a);
    sources.keep(keptFolder);
    expect(await readFile(join(keptFolder, sha256OfA), 'utf8')).toBe('a');
  });

  test('lose a byte order mark in their text, not in their hash', async () => {
    const folder = await tempFolder({ 'a.json': '\uFEFF{}' });
    const sources = createSourceFiles({ kept: null, keptFolder: folder });
    expect(sources.read(join(folder, 'a.json'))).toBe('{}');
    expect(sources.loaded()[0]?.sha256).toBe(
      'aa25e978046d680ef8740d837e6de5bc1e2a2dc6089dbda1012544b538d53f65',
    );
  });
});
