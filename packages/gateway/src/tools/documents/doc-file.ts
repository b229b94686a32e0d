import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { readOwnHead } from '../../system/files.ts';
import { ToolError } from '../tool.ts';
import type { Document } from './document-text.ts';

/** What can be read, by the end of its name, as a server would send it. */
const readable: Readonly<Record<string, string>> = {
  '.md': 'text/markdown',
  '.mdx': 'text/markdown',
  '.txt': 'text/plain',
  '.rst': 'text/plain',
  '.adoc': 'text/plain',
  '.csv': 'text/csv',
  '.json': 'application/json',
  '.yaml': 'text/plain',
  '.yml': 'text/plain',
  '.html': 'text/html',
  '.htm': 'text/html',
};

/** Documents that a list names. */
const MAX_LISTED = 200;

/**
 * Reads a file below a folder, or lists the documents of one. Links that lead out of `root` are not followed, and what
 * begins with a dot is not there.
 *
 * @throws ToolError, which names what there is instead.
 */
export async function readDocFile(
  root: string,
  asked: string,
  maxBytes: number,
): Promise<Document> {
  const path = asked.replaceAll('\\', '/').replace(/^\.?\/+/, '') || '.';
  const [top, file] = await Promise.all([
    realpath(root).catch(() => null),
    realpath(join(root, path)).catch(() => null),
  ]);
  if (top === null) throw new ToolError('There is no folder of documents here.');
  const below = file === null ? null : relative(top, file);
  if (file === null || below === null || isOutside(below)) throw await missing(top, asked);
  const type = readable[extname(file).toLowerCase()];
  // An agent that may write here could put a pipe or a link in the place of what was looked at.
  const read =
    type === undefined
      ? null
      : await readOwnHead(file, { within: top, limitBytes: maxBytes }).catch(() => null);
  if (type === undefined || read === null) {
    if (await isFolder(file)) return listOf(await documentsBelow(file), path);
    throw await missing(top, asked);
  }
  const source = below.split(sep).join('/');
  return { source, contentType: type, bytes: read.bytes, isCut: read.sizeBytes > maxBytes };
}

function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (stats) => stats.isDirectory(),
    () => false,
  );
}

function isOutside(below: string): boolean {
  return below.startsWith('..') || below.split(sep).some((part) => part.startsWith('.'));
}

function listOf(names: readonly string[], path: string): Document {
  const bytes = Buffer.from(names.length > 0 ? names.join('\n') : 'There is no document here.');
  return { source: path, contentType: 'text/plain', bytes, isCut: false };
}

async function missing(top: string, asked: string): Promise<ToolError> {
  const names = await documentsBelow(top);
  const there =
    names.length > 0 ? `There are: ${names.slice(0, 20).join(', ')}.` : 'There are none.';
  return new ToolError(`There is no document "${asked.slice(0, 200)}". ${there}`);
}

async function documentsBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  const waiting = [folder];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const entries = await readdir(next, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.name.startsWith('.') || entry.name === 'node_modules') continue;
      const path = join(next, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      else if (entry.isFile() && extname(entry.name).toLowerCase() in readable) {
        found.push(relative(folder, path).split(sep).join('/'));
      }
      if (found.length >= MAX_LISTED) return found;
    }
  }
  return found;
}
