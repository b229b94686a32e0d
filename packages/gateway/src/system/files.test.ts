import { chmod, link, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { makePipe } from '../../test/support/make-pipe.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { findProgram, isAbsent, readOwnText, readPlainBytes, whyUnread } from './files.ts';

const limitBytes = 10;

/** What a read gives, or why there is nothing. */
function read(folder: string, name: string): Promise<string> {
  return readOwnText(join(folder, name), { within: folder, limitBytes }).catch(whyUnread);
}

describe('a file that strangers wrote', () => {
  test('is read where it lies in its folder, also by a link that stays there', async () => {
    const folder = await tempFolder({ 'one.txt': 'one', 'below/two.txt': '' });
    await symlink('../one.txt', join(folder, 'below/link.txt'));
    expect(await read(folder, 'one.txt')).toBe('one');
    expect(await read(folder, 'below/two.txt')).toBe('');
    expect(await read(folder, 'below/link.txt')).toBe('one');
  });

  test('is not read where a link of its own, or of a folder on the way, leads out', async () => {
    const root = await tempFolder({ 'secret.txt': 'secret', 'module-2/a.txt': 'secret' });
    const folder = join(root, 'module');
    await mkdir(folder);
    await symlink('../secret.txt', join(folder, 'file'));
    await symlink('..', join(folder, 'folder'));
    await symlink('../module-2', join(folder, 'neighbour'));
    for (const name of ['file', 'folder/secret.txt', '../secret.txt', 'neighbour/a.txt']) {
      expect(await read(folder, name)).toBe('is a link that leads out of its folder');
    }
  });

  test('is not waited for where it is a pipe, and not begun where it has no end', async () => {
    const folder = await tempFolder({ 'large.txt': 'eleven byte' });
    makePipe(join(folder, 'pipe'));
    await symlink('/dev/zero', join(folder, 'zero'));
    expect(await read(folder, 'pipe')).toBe('is a pipe or device, not a file');
    expect(await read(folder, 'zero')).toBe('is a pipe or device, not a file');
    expect(await read(folder, '.')).toBe('is a folder, not a file');
    expect(await read(folder, 'large.txt')).toBe('is larger than such a file can be');
    expect(
      await readOwnText(join(folder, 'no'), { within: folder, limitBytes }).catch(isAbsent),
    ).toBe(true);
  });

  test.runIf(process.getuid?.() === 0)(
    'is not read by root where it is another name of what only root may read',
    async () => {
      const root = await tempFolder({ secret: 'secret', open: 'open', 'module/own': 'own' });
      const folder = join(root, 'module');
      for (const name of ['secret', 'open']) await link(join(root, name), join(folder, name));
      await chmod(join(root, 'secret'), 0o600);
      await chmod(join(folder, 'own'), 0o600);
      expect(await read(folder, 'secret')).toContain('has a second name elsewhere');
      expect(await read(folder, 'open')).toBe('open');
      expect(await read(folder, 'own')).toBe('own');
    },
  );
});

test.runIf(process.platform === 'linux')(
  'a file that tells no size is read up to the limit',
  async () => {
    // Of the system: its size is 0, whatever it holds.
    expect((await readPlainBytes('/proc/self/stat', 4096)).length).toBeGreaterThan(0);
    await expect(readPlainBytes('/proc/self/maps', limitBytes)).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
  },
);

test('a program is not looked for in folders that are relative to where one stands', async () => {
  expect(await findProgram('package.json', '.:')).toBeNull();
});
