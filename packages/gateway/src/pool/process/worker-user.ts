import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessUser } from '../../system/processes.ts';

/** The user of the settings `worker.uid` and `worker.gid`; null where workers run as the gateway does. */
export function workerUser(settings: {
  readonly uid?: number | undefined;
  readonly gid?: number | undefined;
}): ProcessUser | null {
  const { uid, gid = uid } = settings;
  return uid === undefined || gid === undefined ? null : { uid, gid };
}

/**
 * Lets workers reach what they need below the state folder: they may pass through it, and read a kept file whose hash
 * they were told. They can list neither, write nowhere, and keys, store and records stay closed.
 *
 * @throws What `fs` throws, where the gateway is not root or the folder is another's.
 */
export function letWorkersIn(stateFolder: string, { gid }: ProcessUser): void {
  const owner = process.getuid?.() ?? 0;
  const kept = join(stateFolder, 'generations');
  for (const folder of [stateFolder, kept]) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chownSync(folder, owner, gid);
    chmodSync(folder, 0o710);
  }
  for (const name of readdirSync(kept)) {
    chownSync(join(kept, name), owner, gid);
    chmodSync(join(kept, name), 0o640);
  }
}

/** Makes the folder for compiled code: of their own user, because what lies in it is run. */
export function makeCompileCache(stateFolder: string, user: ProcessUser | null): string {
  const folder = join(stateFolder, user ? `compile-cache-${user.uid}` : 'compile-cache');
  mkdirSync(folder, { recursive: true, ...(user ? { mode: 0o700 } : {}) });
  if (user) chownSync(folder, user.uid, user.gid);
  return folder;
}
