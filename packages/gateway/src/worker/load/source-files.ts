import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoadedFile } from '../../protocol/records.ts';
import { statsOf } from './local-files.ts';
import { readBytes, readSource, SourceReadError } from './read-source.ts';

/** The author's files as one generation sees them: each is read once, and what was read stays. Paths are absolute. */
export type SourceFiles = {
  /** Text of a file that becomes part of the generation. Throws as `readSource`. */
  readonly read: (path: string) => string;
  /** Text of a file that does not (yet) become part of it. Throws as `readSource`. */
  readonly peek: (path: string) => string;
  /** True where a generation holds the file: one that is kept, else one on disk. */
  readonly has: (path: string) => boolean;
  /** True where the bytes come from a kept generation. */
  readonly isKept: boolean;
  /** Files read so far, in order. */
  readonly loaded: () => LoadedFile[];
  /** Writes the bytes of all files read so far below `folder`, each named by its SHA-256. */
  readonly keep: (folder: string) => void;
};

/**
 * Reads from disk, or, of a kept generation, the bytes kept under their hash. A file that a kept generation had not
 * loaded when it was kept (a late `import()`) comes from disk.
 */
export function createSourceFiles(options: {
  readonly kept: Readonly<Record<string, string>> | null;
  readonly keptFolder: string;
}): SourceFiles {
  const kept = options.kept === null ? null : new Map(Object.entries(options.kept));
  const contents = new Map<string, Buffer>();
  const recorded = new Map<string, LoadedFile>();

  const bytesOf = (path: string): Buffer => {
    const known = contents.get(path);
    if (known) return known;
    const sha256 = kept?.get(path);
    const bytes = sha256 ? readKept(options.keptFolder, sha256, path) : readSource(path);
    contents.set(path, bytes);
    return bytes;
  };

  return {
    read(path) {
      const bytes = bytesOf(path);
      if (!recorded.has(path)) recorded.set(path, { path, sha256: sha256Of(bytes) });
      return textOf(bytes);
    },
    peek: (path) => textOf(bytesOf(path)),
    has: (path) => (kept ? kept.has(path) : isFile(path)),
    isKept: kept !== null,
    loaded: () => [...recorded.values()],
    keep(folder) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      for (const { path, sha256 } of recorded.values()) {
        keepBytes(folder, sha256, bytesOf(path));
      }
    },
  };
}

/** Another process of this user can write there too: a name is no proof of what it holds. */
function readKept(folder: string, sha256: string, path: string): Buffer {
  const bytes = readBytes(join(folder, sha256));
  if (sha256Of(bytes) === sha256) return bytes;
  throw new SourceReadError(path, {
    code: 'kept_bytes_changed',
    reason: 'is not what was loaded: somebody changed the bytes that the gateway kept of it.',
    hint: 'See who can write into .dropgate, then load the agent from its folder again: `dropgate agents refresh --force`.',
  });
}

/** Renamed into place, so that a reader never sees half a file. */
function keepBytes(folder: string, sha256: string, bytes: Buffer): void {
  const target = join(folder, sha256);
  if (isFile(target) && sha256Of(readBytes(target)) === sha256) return;
  const unfinished = `${target}.${process.pid}`;
  writeFileSync(unfinished, bytes, { mode: 0o600 });
  renameSync(unfinished, target);
}

function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function textOf(bytes: Buffer): string {
  return bytes.toString('utf8').replace(/^\uFEFF/, '');
}

function isFile(path: string): boolean {
  return statsOf(path)?.isFile() ?? false;
}

/** Files of the generation that were loaded, the entry first. */
export function filesOf(sources: SourceFiles, entry: string) {
  return sources.loaded().toSorted((a, b) => Number(b.path === entry) - Number(a.path === entry));
}
