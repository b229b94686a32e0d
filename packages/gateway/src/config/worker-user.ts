import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ConfigProblem } from './config-error.ts';
import { type Origin, problemAt } from './problems.ts';
import type { Settings } from './schema.ts';
import type { Command } from './settle.ts';

type WorkerSettings = Pick<Settings['worker'], 'uid' | 'gid'>;

/** Commands that start workers; the others need not be root. */
const startWorkers: readonly Command[] = ['dev', 'start', 'check'];

/**
 * What is wrong with `worker.uid` and `worker.gid` here: only root may start processes of another user, and these have
 * to be able to enter the project and the gateway's own folder.
 */
export function wrongWorkerUser(
  { uid, gid = uid }: WorkerSettings,
  { command, projectRoot }: { readonly command: Command; readonly projectRoot: string },
  origin: Origin,
): ConfigProblem[] {
  const problem = (key: 'uid' | 'gid', message: string) => [
    problemAt(['worker', key], message, origin, 'key'),
  ];
  if (uid === undefined || gid === undefined) {
    return gid === undefined
      ? []
      : problem('gid', 'A group needs a user. Set worker.uid too, or remove it.');
  }
  if (!startWorkers.includes(command)) return [];
  if (process.getuid?.() !== 0) {
    return problem(
      'uid',
      'Workers can run as another user only where the gateway is started as root. Start it as root, or remove this line.',
    );
  }
  const closed = [projectRoot, import.meta.dirname, dirname(process.execPath)]
    .map((folder) => closedFolder(folder, { uid, gid }))
    .find((folder) => folder !== null);
  return closed
    ? problem('uid', `User ${uid} cannot enter ${closed}. Let others pass through it (chmod o+x).`)
    : [];
}

/** The first folder on the way that a user cannot enter; null where the way is open. */
function closedFolder(
  folder: string,
  user: { readonly uid: number; readonly gid: number },
): string | null {
  const parent = dirname(folder);
  const above = parent === folder ? null : closedFolder(parent, user);
  const stats = above === null ? statSync(folder, { throwIfNoEntry: false }) : undefined;
  if (!stats) return above;
  const mayEnter =
    (stats.uid === user.uid && (stats.mode & 0o100) !== 0) ||
    (stats.gid === user.gid && (stats.mode & 0o010) !== 0) ||
    (stats.mode & 0o001) !== 0;
  return mayEnter ? null : folder;
}

/** Says which secrets of the project workers of another user can read all the same. */
export function readableSecrets({ uid }: WorkerSettings, projectRoot: string): string[] {
  if (uid === undefined) return [];
  const stats = statSync(join(projectRoot, '.env'), { throwIfNoEntry: false });
  const isOpen = stats !== undefined && (stats.mode & 0o004) !== 0;
  return isOpen
    ? ['Workers can read the .env in the project root. Allow its owner only (chmod 600 .env).']
    : [];
}
