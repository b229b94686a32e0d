import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openKeys } from '../../../test/support/keys-kit.ts';
import { tempFolder } from '../../../test/support/temp-folder.ts';
import { bootstrapKey } from './bootstrap-key.ts';
import { createKeyFile } from './key-file.ts';

const secret = `dg_${'B'.repeat(43)}`;

/** Keys of a fresh store, and a file that may become one. */
async function open(content?: string) {
  const folder = await tempFolder();
  const path = join(folder, 'secrets', 'first-key');
  if (content !== undefined) {
    await mkdir(join(folder, 'secrets'));
    await writeFile(path, content, { mode: 0o600 });
  }
  const notes: string[] = [];
  const kit = await openKeys(folder);
  const bootstrap = () => bootstrapKey(kit.keys, path, (line) => notes.push(line));
  return { ...kit, bootstrap, notes, path };
}

describe('a file with a key', () => {
  test('makes it an admin’s, also when it cannot be written, and again at every start', async () => {
    const { bootstrap, keys, known, notes, path } = await open(`${secret}\n`);
    await chmod(path, 0o400);
    await bootstrap();
    await bootstrap();
    expect(known.authenticate(secret)).toMatchObject({ name: 'bootstrap', role: 'admin' });
    expect([await keys.list(), notes]).toMatchObject([{ length: 1 }, []]);
  });

  test('that others may read is used, with a warning', async () => {
    const { bootstrap, known, notes, path } = await open(secret);
    await chmod(path, 0o644);
    await bootstrap();
    expect(known.authenticate(secret)?.role).toBe('admin');
    expect(notes).toEqual([`warning: Others may read ${path}. Allow its owner only (chmod 600).`]);
  });

  test('that was revoked stops the start only while there is no other key', async () => {
    const { bootstrap, keys, known, notes, path } = await open(secret);
    await bootstrap();
    await keys.revoke(known.authenticate(secret)?.id ?? '');
    await expect(bootstrap()).rejects.toThrow(`${path}: This API key is revoked or has expired.`);
    await keys.create({ role: 'admin', createdBy: 'cli:test' });
    await bootstrap();
    expect(notes).toEqual([
      `warning: ${path} is not used. This API key is revoked or has expired.`,
    ]);
    expect(known.authenticate(secret)).toBeNull();
  });
});

describe('a file without a key', () => {
  test.each([
    ['', 'The file is empty.'],
    ['\n', 'The file is empty.'],
    ['hunter2', 'This is no API key.'],
    [`${secret} and more`, 'This is no API key.'],
  ])('stops the start and is not repeated: %j', async (content, found) => {
    const { bootstrap, keys, path } = await open(content);
    await keys.create({ role: 'admin', createdBy: 'cli:test' });
    await expect(bootstrap()).rejects.toThrow(
      `${path}: ${found} Put a key into it (dg_ and 43 characters), or remove the file and a key is made.`,
    );
    expect(await keys.list()).toHaveLength(1);
  });

  test('that is none but a folder stops the start', async () => {
    const { keys } = await open();
    const folder = await tempFolder();
    await expect(bootstrapKey(keys, folder, () => undefined)).rejects.toThrow(
      `The key file ${folder} cannot be read (EISDIR). Correct its permissions.`,
    );
  });
});

describe('a missing file', () => {
  test('gets a fresh key, for its owner only', async () => {
    const { bootstrap, known, notes, path } = await open();
    await bootstrap();
    const written = (await readFile(path, 'utf8')).trim();
    expect(known.authenticate(written)).toMatchObject({ name: 'bootstrap', role: 'admin' });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700);
    expect(notes).toEqual([`The first admin key is in ${path}.`]);
  });

  test('stays missing once there is a key', async () => {
    const { bootstrap, keys, path } = await open();
    await bootstrap();
    await rm(path);
    await bootstrap();
    expect(await keys.list()).toHaveLength(1);
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  test('that cannot be written makes no key that nobody knows', async () => {
    const { keys } = await open();
    const path = '/proc/first-key';
    await expect(bootstrapKey(keys, path, () => undefined)).rejects.toThrow(
      'The key file /proc/first-key cannot be written (ENOENT). Correct its permissions.',
    );
    expect(await keys.list()).toEqual([]);
  });

  test('is whole as soon as another gateway sees it', async () => {
    const folder = await tempFolder();
    for (let round = 0; round < 50; round += 1) {
      const path = join(folder, `key-${round}`);
      let isMade = false;
      const making = createKeyFile(path, secret).finally(() => {
        isMade = true;
      });
      const seen = new Set<string>();
      while (!isMade) {
        if (existsSync(path)) seen.add(readFileSync(path, 'utf8').trim());
        await new Promise(setImmediate);
      }
      expect(await making).toBe(true);
      expect([...seen].filter((each) => each !== secret)).toEqual([]);
    }
    expect((await readdir(folder)).filter((name) => !name.startsWith('key-'))).toEqual([]);
  });

  test('is made once, however many gateways start at once', async () => {
    const folder = await tempFolder();
    const path = join(folder, 'first-key');
    const gateways = await Promise.all([openKeys(folder), openKeys(folder), openKeys(folder)]);
    await Promise.all(gateways.map(({ keys }) => bootstrapKey(keys, path, () => undefined)));
    const written = (await readFile(path, 'utf8')).trim();
    for (const { keys, known } of gateways) {
      await known.reload();
      expect(known.authenticate(written)?.role).toBe('admin');
      expect(await keys.list()).toHaveLength(1);
    }
  });
});
