import type { Dirent } from 'node:fs';
import { opendir, readlink, realpath } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';

/** A folder with more entries is not looked through to its end. */
const MAX_ENTRIES = 200_000;

/** What keeps a folder from being held: a link that leads out of it, or more entries than can be looked at. */
export type LinkOut =
  | { readonly type: 'leads_out'; readonly link: string; readonly target: string }
  | { readonly type: 'too_many'; readonly limit: number };

/**
 * The first link in a folder that leads to none of the paths a worker may read: Node's permissions look at the path of
 * a link and not at what it leads to. Null where there is none. A link to nothing counts by where it points.
 *
 * @param allowed - Absolute paths; a `*` at the end stands for what is in a folder.
 */
export async function findLinkOut(
  folder: string,
  allowed: readonly string[],
): Promise<LinkOut | null> {
  const roots = allowed.map((path) => path.replace(/\/?\*?$/, ''));
  const isAllowed = (path: string) =>
    roots.some((root) => path === root || path.startsWith(root + sep));
  let left = MAX_ENTRIES;
  const waiting = [folder];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for await (const entry of entriesOf(next)) {
      left -= 1;
      if (left < 0) return { type: 'too_many', limit: MAX_ENTRIES };
      const path = join(next, entry.name);
      if (entry.isDirectory()) waiting.push(path);
      if (!entry.isSymbolicLink()) continue;
      const target = await targetOf(path);
      if (target !== null && !isAllowed(target)) return { type: 'leads_out', link: path, target };
    }
  }
  return null;
}

/** A folder that cannot be read is closed to a worker too, who is no more than the gateway's user. */
async function* entriesOf(folder: string): AsyncGenerator<Dirent> {
  const opened = await opendir(folder).catch(() => null);
  if (opened) yield* opened;
}

/** Null where it leads nowhere at all: it is gone, or leads in a circle. */
async function targetOf(link: string): Promise<string | null> {
  try {
    return await realpath(link);
  } catch {
    const [home, points] = await Promise.all([
      realpath(dirname(link)).catch(() => null),
      readlink(link).catch(() => null),
    ]);
    return home === null || points === null ? null : resolve(home, points);
  }
}
