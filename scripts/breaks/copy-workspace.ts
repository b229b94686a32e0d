import { copyFileSync, linkSync, mkdirSync, readdirSync, readlinkSync, symlinkSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A copy of the workspace that may be broken. */
export type WorkspaceCopy = {
  /** Absolute. */
  readonly root: string;
  /** For what tests leave behind; goes with the copy. Absolute. */
  readonly temp: string;
  readonly remove: () => Promise<void>;
};

/** What is made anew, or is no part of the workspace. */
const leftOut: ReadonlySet<string> = new Set(['.git', '.dropgate', 'dist', '__pycache__']);

/** Written in place, so that a link would change the workspace too. */
const leftOutOfPackages = /^(\.vite|\.vite-temp|dropgate-built|dropgate-tests)/;

/** Copies our own files, and links those of `node_modules`, which nobody writes to. */
export async function copyWorkspace(workspaceRoot: string): Promise<WorkspaceCopy> {
  const folder = await mkdtemp(join(tmpdir(), 'dropgate-breaks-'));
  const [root, temp] = [join(folder, 'workspace'), join(folder, 'tmp')];
  mkdirSync(temp);
  copyFolder(workspaceRoot, root, 'copy');
  return { root, temp, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }) };
}

function copyFolder(from: string, to: string, how: 'copy' | 'link'): void {
  mkdirSync(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const { name } = entry;
    const [source, target] = [join(from, name), join(to, name)];
    if (how === 'copy' ? leftOut.has(name) : leftOutOfPackages.test(name)) continue;
    if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (entry.isDirectory())
      copyFolder(source, target, name === 'node_modules' ? 'link' : how);
    else if (entry.isFile()) copyFile(source, target, how);
  }
}

function copyFile(source: string, target: string, how: 'copy' | 'link'): void {
  if (how === 'link') {
    try {
      linkSync(source, target);
      return;
    } catch {
      // Another file system, or one that knows no links.
    }
  }
  copyFileSync(source, target);
}
