import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type ProcessUser, ProcessUserError } from '../../system/processes.ts';

/** Of a Node that does nothing. */
const TRIAL_TIMEOUT_MS = 10_000;

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

/**
 * The same before anything else is started, and a process of the user as a trial: being root is not always enough.
 *
 * @throws ProcessUserError
 */
export function prepareForUser(stateFolder: string, user: ProcessUser): void {
  try {
    letWorkersIn(stateFolder, user);
  } catch (cause) {
    throw refusal(`${stateFolder} cannot be given to group ${user.gid}`, cause);
  }
  const how = { ...user, timeout: TRIAL_TIMEOUT_MS, stdio: 'ignore', env: {} } as const;
  const { error } = spawnSync(process.execPath, ['--version'], how);
  if (error) throw refusal(`No process can be started as user ${user.uid}`, error);
}

function refusal(problem: string, cause: unknown): ProcessUserError {
  const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
  return new ProcessUserError(
    `${problem} (${code}). Root may be without the capabilities CHOWN, SETUID, SETGID or KILL, or the disk may refuse: give them back, or remove worker.uid.`,
    { cause },
  );
}

/** Makes the folder for compiled code: of their own user, because what lies in it is run. */
export function makeCompileCache(stateFolder: string, user: ProcessUser | null): string {
  const folder = join(stateFolder, user ? `compile-cache-${user.uid}` : 'compile-cache');
  mkdirSync(folder, { recursive: true, ...(user ? { mode: 0o700 } : {}) });
  if (user) chownSync(folder, user.uid, user.gid);
  return folder;
}
