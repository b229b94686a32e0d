import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadedFile } from '../../protocol/records.ts';
import { exists, readPlainBytes } from '../../system/files.ts';
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
  /** Keeps the bytes of one file as it is now; null where there is none. */
  readonly keepNow: (path: string) => Promise<string | null>;
  readonly has: (hashes: readonly string[]) => Promise<boolean>;
};

/** Who may read what is kept beside the gateway's own user: a group's id, or nobody. */
type Readers = { readonly readableBy: number | null };

/** A module's file that is larger is no source, whatever a worker says it loaded. */
const fileLimitBytes = 256 * 1024 * 1024;

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
    async keepNow(path) {
      const bytes = await readBytes(path);
      if (!bytes) return null;
      const hash = sha256(bytes);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await write(join(folder, hash), bytes, readers);
      return hash;
    },
    async has(hashes) {
      const found = await Promise.all(hashes.map((hash) => exists(join(folder, hash))));
      return found.every(Boolean);
    },
  };
}

async function keepFile(folder: string, file: LoadedFile, readers: Readers): Promise<boolean> {
  const target = join(folder, file.sha256);
  if (await exists(target)) return true;
  const bytes = await readBytes(file.path);
  if (!bytes || sha256(bytes) !== file.sha256) return false;
  await write(target, bytes, readers);
  return true;
}

// A worker names the files; a device or a pipe among them would never end.
function readBytes(path: string): Promise<Buffer | null> {
  return readPlainBytes(path, fileLimitBytes).catch(() => null);
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
