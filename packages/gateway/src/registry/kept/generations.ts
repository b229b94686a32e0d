import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadedFile } from '../../protocol/records.ts';
import { MODULE_FILE_LIMIT_BYTES, readPlainBytes } from '../../system/files.ts';
import { sha256 } from './fingerprint.ts';

/** The bytes that loaded generations are made of, kept by hash so that a respawn loads nothing else. */
export type Generations = {
  readonly folder: string;
  /**
   * Keeps the bytes of files just loaded.
   *
   * @returns False where a file has changed since: what was loaded is gone, the load has to be repeated.
   */
  readonly keep: (files: readonly LoadedFile[]) => Promise<boolean>;
  /** Keeps bytes and gives their hash. */
  readonly keepNow: (bytes: Uint8Array) => Promise<string>;
  /** The kept bytes of a hash; null where they are gone or are no longer those that were kept. */
  readonly read: (hash: string) => Promise<Buffer | null>;
  readonly has: (hashes: readonly string[]) => Promise<boolean>;
};

/** Who may read what is kept beside the gateway's own user: a group's id, or nobody. */
type Readers = { readonly readableBy: number | null };

/** @param folder - Absolute; made when first needed. Files in it are named by their SHA-256. */
export function createGenerations(
  folder: string,
  readers: Readers = { readableBy: null },
): Generations {
  return {
    folder,
    async keep(files) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const kept = await Promise.all(files.map((file) => keepFile(folder, file, readers)));
      return kept.every(Boolean);
    },
    async keepNow(bytes) {
      const hash = sha256(bytes);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await write(join(folder, hash), bytes, readers);
      return hash;
    },
    read: (hash) => readKept(folder, hash),
    async has(hashes) {
      // One after another: together they may be large.
      for (const hash of new Set(hashes)) if (!(await readKept(folder, hash))) return false;
      return true;
    },
  };
}

async function keepFile(folder: string, file: LoadedFile, readers: Readers): Promise<boolean> {
  const target = join(folder, file.sha256);
  if (await readKept(folder, file.sha256)) return true;
  const bytes = await readBytes(file.path);
  if (!bytes || sha256(bytes) !== file.sha256) return false;
  await write(target, bytes, readers);
  return true;
}

// A worker names the files; a device or a pipe among them would never end.
function readBytes(path: string): Promise<Buffer | null> {
  return readPlainBytes(path, MODULE_FILE_LIMIT_BYTES).catch(() => null);
}

/** A worker of the gateway's own user can write into the folder: a name is no proof of what it holds. */
async function readKept(folder: string, hash: string): Promise<Buffer | null> {
  const bytes = await readBytes(join(folder, hash));
  return bytes && sha256(bytes) === hash ? bytes : null;
}

// Written aside and renamed, so that a killed gateway leaves no half file under a hash.
async function write(target: string, bytes: Uint8Array, { readableBy }: Readers): Promise<void> {
  const draft = `${target}.${randomUUID()}`;
  await writeFile(draft, bytes, { mode: 0o600 });
  if (readableBy !== null) {
    await chown(draft, process.getuid?.() ?? 0, readableBy);
    await chmod(draft, 0o640);
  }
  await rename(draft, target);
}
