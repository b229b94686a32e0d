import { chmod, mkdir, open, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useLoadHost } from '../../../test/support/load-host.ts';
import { makePipe } from '../../../test/support/make-pipe.ts';
import { writeModule } from '../../../test/support/node-worker.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { readSource, SourceReadError } from './read-source.ts';

const { findingOf, manifestOf } = useLoadHost();

describe('a source file', () => {
  test('is UTF-8, with or without a mark at its begin', async () => {
    const folder = await tempFolder({
      'plain.ts': 'größer 🙂',
      'marked.ts': '\uFEFFa',
      'none.ts': '',
    });
    expect(readSource(join(folder, 'plain.ts')).toString()).toBe('größer 🙂');
    expect(readSource(join(folder, 'marked.ts')).toString()).toBe('\uFEFFa');
    expect(readSource(join(folder, 'none.ts'))).toHaveLength(0);
  });

  test('of another encoding is refused, with the place of the first wrong byte', async () => {
    const error = await refusalOf(
      Buffer.from('const a = 1;\nconst b = "gr\xfc\xdfe";\n', 'latin1'),
    );
    expect(error).toMatchObject({
      code: 'file_not_utf8',
      reason: 'is not valid UTF-8.',
      hint: 'Save the file as UTF-8.',
      place: { line: 2, column: 14 },
    });
    const utf16 = Buffer.from('\uFEFFexport const agent = 1;', 'utf16le');
    for (const bytes of [utf16, Buffer.from(utf16).swap16()]) {
      expect(await refusalOf(bytes)).toMatchObject({
        code: 'file_not_utf8',
        reason: 'is UTF-16, not UTF-8.',
        place: null,
      });
    }
    expect(await refusalOf(Buffer.of(0xff))).toMatchObject({ code: 'file_not_utf8' });
  });

  test('with binary data is refused', async () => {
    const png = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
    const elf = Buffer.from('7f454c460001', 'hex');
    const unmarkedUtf16 = Buffer.from('export const agent = 1;', 'utf16le');
    for (const bytes of [png, elf, unmarkedUtf16]) {
      expect(await refusalOf(bytes)).toMatchObject({
        code: 'file_binary',
        reason: 'holds binary data, not source text.',
      });
    }
  });

  test('of 8 MiB is refused, one byte less and data of any size is not', async () => {
    const folder = await tempFolder();
    const limit = 8 * 1024 * 1024;
    for (const [name, size] of [
      ['big.ts', limit],
      ['most.ts', limit - 1],
      ['data.json', limit],
    ] as const) {
      await writeFile(join(folder, name), Buffer.alloc(size, ' '));
    }
    expect(() => readSource(join(folder, 'big.ts'))).toThrow(
      /has 8\.0 MiB; a source file has less/,
    );
    expect(readSource(join(folder, 'most.ts'))).toHaveLength(limit - 1);
    expect(readSource(join(folder, 'data.json'))).toHaveLength(limit);
  });

  test('is never waited for where it is a pipe, nor read where it is a folder', async () => {
    const folder = await tempFolder();
    makePipe(join(folder, 'pipe.ts'));
    await mkdir(join(folder, 'folder.ts'));
    expect(() => readSource(join(folder, 'pipe.ts'))).toThrow(/is a pipe, socket or device/);
    expect(() => readSource(join(folder, 'folder.ts'))).toThrow(/is a folder, not a file/);
  });

  test('that leads back to itself cannot be read, one that is not there is the caller’s to explain', async () => {
    const folder = await tempFolder();
    await symlink('loop.ts', join(folder, 'loop.ts'));
    expect(() => readSource(join(folder, 'loop.ts'))).toThrow(/cannot be read \(ELOOP\)/);
    expect(() => readSource(join(folder, 'none.ts'))).toThrow(
      expect.objectContaining({ code: 'ENOENT' }),
    );
  });
});

describe('a module that cannot be read says so', () => {
  test('where its file is not text, with path and hint', async () => {
    const load = await writeModule({ 'agent.ts': '' });
    await writeFile(load.entry, Buffer.from('7f454c4602010100ff00', 'hex'));
    expect(await findingOf(load)).toMatchObject({
      stage: 'load',
      code: 'file_binary',
      severity: 'error',
      message: 'Written/agent.ts holds binary data, not source text.',
      file: load.entry,
      hint: 'Put the source there, or remove the file.',
    });
  });

  test('where its file has 10 MB', async () => {
    const load = await writeModule({ 'agent.ts': '' });
    await writeFile(load.entry, `export const agent = {};\n//${'x'.repeat(10_000_000)}\n`);
    expect(await findingOf(load)).toMatchObject({
      code: 'file_too_large',
      message: 'Written/agent.ts has 9.5 MiB; a source file has less than 8 MiB.',
    });
  });

  test('where a file that it imports is no UTF-8', async () => {
    const load = await writeModule({
      'agent.js': `import { text } from './text.js';\nexport const agent = { run: () => text };\n`,
    });
    const file = join(load.folder, 'text.js');
    await writeFile(file, Buffer.from('export const text = "\xe9";\n', 'latin1'));
    expect(await findingOf(load)).toMatchObject({
      code: 'file_not_utf8',
      message: 'Written/text.js is not valid UTF-8.',
      file,
      line: 1,
      column: 22,
    });
  });

  test('where its file is a pipe', async () => {
    const load = await writeModule({ 'agent.ts': '' });
    await rm(load.entry);
    makePipe(load.entry);
    expect(await findingOf(load)).toMatchObject({ code: 'not_a_file' });
  });

  test('where this user may not read it', async ({ skip }) => {
    const load = await writeModule({ 'agent.ts': `export const agent = { run: () => 'x' };\n` });
    await chmod(load.entry, 0);
    if (await canOpen(load.entry)) skip('This user may read everything.');
    expect(await findingOf(load)).toMatchObject({
      code: 'file_unreadable',
      message: 'Written/agent.ts cannot be read (EACCES).',
      hint: 'Let the user the gateway runs as read it (`chmod u+r`), then refresh.',
    });
  });

  test('and loads 1 MB of source without ado', async () => {
    const load = await writeModule({
      'agent.ts': `export const agent = { run: () => 'x' };\n//${'x'.repeat(1_000_000)}\n`,
    });
    expect((await manifestOf(load)).kind).toBe('runnable');
  });
});

async function refusalOf(bytes: Buffer): Promise<unknown> {
  const path = join(await tempFolder(), 'agent.ts');
  await writeFile(path, bytes);
  try {
    readSource(path);
  } catch (error) {
    expect(error).toBeInstanceOf(SourceReadError);
    return error;
  }
  throw new Error('The file was read.');
}

async function canOpen(path: string): Promise<boolean> {
  return open(path).then(
    (file) => file.close().then(() => true),
    () => false,
  );
}
