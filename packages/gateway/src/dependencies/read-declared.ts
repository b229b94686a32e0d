import { dirname, sep } from 'node:path';
import type { FoundModule } from '../protocol/module.ts';
import {
  DECLARATION_LIMIT_BYTES,
  LOCK_LIMIT_BYTES,
  readOwnText,
  SOURCE_LIMIT_BYTES,
} from '../system/files.ts';

/** A file in a module's folder that declares something, read as `readOwnText` does. */
export function readDeclared(folder: string, path: string): Promise<string> {
  return readOwnText(path, { within: folder, limitBytes: DECLARATION_LIMIT_BYTES });
}

/** A lock file in a module's folder, read as `readOwnText` does; empty where that is not possible. */
export function readLock(folder: string, path: string): Promise<string> {
  return readOwnText(path, { within: folder, limitBytes: LOCK_LIMIT_BYTES }).catch(() => '');
}

/** A source file of a module's project; empty where it lies elsewhere, or is none. */
export function readSource(project: string, path: string): Promise<string> {
  return readOwnText(path, { within: project, limitBytes: SOURCE_LIMIT_BYTES }).catch(() => '');
}

/** The folder that a module's imports may reach: its project, or, where it lies elsewhere, the one above its own. */
export function projectOf({
  entry,
  folder,
  modulePath,
}: Pick<FoundModule, 'entry' | 'folder' | 'modulePath'>): string {
  return entry.endsWith(sep + modulePath)
    ? entry.slice(0, -modulePath.length - 1)
    : dirname(folder);
}
