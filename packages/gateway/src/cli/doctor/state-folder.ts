import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { readdir, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, type HealthCheck, ok, warn } from './health-check.ts';

/** What is kept grows with decisions and with each version of an agent. */
const ENOUGH_DISK_MB = 200;

/** Files are dated by the disk, which may be another machine's. */
const MAX_CLOCK_SKEW_MS = 2000;

/** No time before this version was made can be right. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);

/** A change that is not told of by then is not told of at all. */
const WATCH_TIMEOUT_MS = 10_000;

/** Whether things can be kept, nobody else reads them, changes of files are told, and what time it is there. */
export async function stateHealth(folder: string): Promise<HealthCheck[]> {
  const file = join(folder, `.doctor-${randomUUID()}`);
  try {
    const beforeMs = Date.now();
    const isTold = await writeWatched(folder, file);
    const { mtimeMs } = await stat(file);
    await rm(file);
    return [
      await diskHealth(folder),
      ...(await privacyHealth(folder)),
      watchHealth(folder, isTold),
      clockHealth(beforeMs, mtimeMs),
    ];
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const fix = `Let this user write to ${folder}, and make room on its disk.`;
    return [fail('state folder', `${folder} cannot be written (${code}).`, fix)];
  }
}

/** Writes a file; false, or why not, where nothing tells of it. */
async function writeWatched(folder: string, file: string): Promise<boolean | string> {
  const signal = AbortSignal.timeout(WATCH_TIMEOUT_MS);
  try {
    const watcher = watch(folder, { persistent: false });
    try {
      const told = once(watcher, 'change', { signal }).then(
        () => true,
        () => false,
      );
      await writeFile(file, '');
      return await told;
    } finally {
      watcher.close();
    }
  } catch (error) {
    await writeFile(file, '');
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

function watchHealth(folder: string, isTold: boolean | string): HealthCheck {
  if (isTold === true) return ok('file watching', `changes in ${folder} are told`);
  const why = isTold === false ? 'are not told' : `cannot be watched (${isTold})`;
  return warn(
    'file watching',
    `Changes in ${folder} ${why}.`,
    'Network disks and some containers tell of none: run `dropgate agents refresh` after an edit.',
  );
}

/** What is in it lets in whoever reads it: keys of the gateway, and what agents were given. */
async function privacyHealth(folder: string): Promise<HealthCheck[]> {
  if (process.platform === 'win32' || !folder.endsWith('.dropgate')) return [];
  const names = [...(await readdir(folder)), '.'];
  const modes = await Promise.all(
    names.map(async (name) => ({ name, ...(await stat(join(folder, name))) })),
  );
  const isClosed = modes.some(({ name, mode }) => name === '.' && (mode & 0o077) === 0);
  const open = modes.filter(({ name, mode }) => name !== '.' && (mode & 0o044) !== 0);
  if (isClosed || open.length === 0) return [ok('privacy', `only this user reads ${folder}`)];
  const shown = open.map(({ name }) => name).join(', ');
  return [
    warn(
      'privacy',
      `Others of this machine may read ${shown} in ${folder}.`,
      `chmod -R go-rwx ${folder}`,
    ),
  ];
}

async function diskHealth(folder: string): Promise<HealthCheck> {
  const { bavail, bsize } = await statfs(folder);
  const freeMb = Math.floor((bavail * bsize) / 1024 / 1024);
  const found = `${folder}, ${freeMb} MB free`;
  return freeMb >= ENOUGH_DISK_MB
    ? ok('state folder', found)
    : warn(
        'state folder',
        found,
        'Make room: a full disk keeps keys and budgets from being written.',
      );
}

function clockHealth(nowMs: number, fileMs: number): HealthCheck {
  const now = new Date(nowMs).toISOString();
  const fix = 'Set the time, and keep it with NTP: keys, rules and budgets go by it.';
  if (nowMs < EARLIEST_MS) return fail('clock', `It says ${now}, which is over.`, fix);
  const skewMs = Math.abs(fileMs - nowMs);
  return skewMs <= MAX_CLOCK_SKEW_MS
    ? ok('clock', now)
    : warn(
        'clock',
        `${now}; the disk of the state folder is ${Math.round(skewMs / 1000)} s off.`,
        fix,
      );
}
