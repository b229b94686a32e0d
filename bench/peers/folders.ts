import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where a peer's own files are. */
export function sourceFolder(folder: string): string {
  return join(import.meta.dirname, folder);
}

/** Where a peer is installed and started: outside of the repository, so that it finds no package of ours. */
export function cacheFolder(folder: string): string {
  const root = process.env.PEERS_CACHE ?? join(homedir(), '.cache/dropgate-bench-peers');
  return join(root, folder);
}
