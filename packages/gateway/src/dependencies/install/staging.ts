import { spawnSync } from 'node:child_process';
import {
  existsSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isRefused, LOCK_LIMIT_BYTES, readOwnBytes, whyUnread } from '../../system/files.ts';
import { hasProcess, processIdentity, signalGroup } from '../../system/processes.ts';
import { InstallError } from './install-result.ts';

/** What an install makes in a module's folder, and what of that folder it works on. */
export type StagedInstall = {
  /** Folder of the packages, and the file that says which they are, each a name. */
  readonly packages: string;
  readonly lockFile: string;
  /** Files that the installer may write, by name. */
  readonly copied: readonly string[];
  /** Files that it gets none of: settings by which it could be told more than an install is asked for. */
  readonly left: readonly string[];
};

/**
 * A copy of a module's folder in which an installer works, beside it, so that relative paths mean the same.
 * Only one at a time per folder.
 */
export type Staging = {
  readonly folder: string;
  /** Written down, so that whoever cleans up after a kill can end it. */
  readonly recordGroup: (groupId: number) => void;
  /**
   * Puts the new packages and lock file in the place of the old ones.
   *
   * @throws InstallError `folder_not_writable`; the old ones are back then.
   */
  readonly commit: () => void;
  /** Removes the copy. Safe after `commit`. */
  readonly discard: () => Promise<void>;
};

/**
 * Makes the copy, after cleaning up what a killed install has left.
 *
 * @throws InstallError `install_running` or `folder_not_writable`.
 */
export async function openStaging(moduleFolder: string, staged: StagedInstall): Promise<Staging> {
  const target = await realpath(moduleFolder);
  const folder = stagingOf(target);
  recoverStaging(folder, target, staged);
  try {
    await mkdir(folder);
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'EEXIST'
      ? alreadyRunning(folder)
      : notWritable(dirname(target), error);
  }
  const discard = () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    writeOwner(folder, null);
    writeFileSync(installMark(target), '');
    await fill(folder, target, staged);
  } catch (error) {
    await discard();
    throw error instanceof InstallError ? error : notWritable(folder, error);
  }
  return {
    folder,
    discard,
    recordGroup: (groupId) => writeOwner(folder, groupId),
    commit: () => swap(folder, target, staged),
  };
}

/** File that is there, unchanged, as long as an install into this folder goes on. */
export function installMark(target: string): string {
  return join(stagingOf(target), 'begun');
}

/** Whether an install into this folder goes on, or is about to: whoever starts one may make its folder ahead. Never throws. */
export function isInstallUnderWay(target: string): boolean {
  const folder = stagingOf(target);
  const owner = readOwner(folder);
  if (owner) return isAlive(owner);
  const stats = statSync(folder, { throwIfNoEntry: false });
  return stats !== undefined && Date.now() - stats.mtimeMs < ABOUT_TO_BEGIN_MS;
}

/** Longer than a command needs to start on a busy machine. */
const ABOUT_TO_BEGIN_MS = 60_000;

const ownerFile = 'owner.json';

function stagingOf(target: string): string {
  return join(dirname(target), `.dropgate-install-${basename(target)}`);
}

/** Files that npm may write are copied, the rest is linked: `file:` dependencies and scripts may need it. */
async function fill(folder: string, target: string, staged: StagedInstall): Promise<void> {
  for (const name of await readdir(target)) {
    if (staged.copied.includes(name)) {
      await writeFile(join(folder, name), await readCopied(target, name));
    } else if (name !== staged.packages && !name.startsWith('.') && !staged.left.includes(name)) {
      await symlink(join(target, name), join(folder, name));
    }
  }
}

async function readCopied(target: string, name: string): Promise<Buffer> {
  const bounds = { within: target, limitBytes: LOCK_LIMIT_BYTES };
  return readOwnBytes(join(target, name), bounds).catch((error: unknown) => {
    if (!isRefused(error)) throw error;
    throw new InstallError('file_refused', `${name} ${whyUnread(error)}.`, {
      hint: 'Put a file in its place, or remove it.',
      cause: error,
    });
  });
}

/** What lies here while the new packages are put in place. */
const previousOf = (packages: string) => `previous_${packages}`;

/** Renames only, one after another without a pause: what is interrupted here is completed or undone by `recover`. */
function swap(folder: string, target: string, staged: StagedInstall): void {
  const { packages, lockFile } = staged;
  const modules = join(target, packages);
  const aside = join(folder, previousOf(packages));
  try {
    if (existsSync(modules)) renameSync(modules, aside);
    if (existsSync(join(folder, packages))) renameSync(join(folder, packages), modules);
    if (existsSync(join(folder, lockFile))) {
      renameSync(join(folder, lockFile), join(target, lockFile));
    }
  } catch (error) {
    restore(folder, target, packages);
    throw notWritable(target, error);
  }
}

/** Undoes a swap that did not reach its end. */
function restore(folder: string, target: string, packages: string): void {
  const modules = join(target, packages);
  if (!existsSync(join(folder, previousOf(packages)))) return;
  rmSync(modules, { recursive: true, force: true });
  renameSync(join(folder, previousOf(packages)), modules);
}

/**
 * Cleans up after an install that was killed: its processes are ended, a swap that was half done is undone.
 *
 * @throws InstallError `install_running` where it lives.
 */
function recoverStaging(
  folder: string,
  target: string,
  { packages, lockFile }: StagedInstall,
): void {
  if (!existsSync(folder)) return;
  const owner = readOwner(folder);
  if (owner && isAlive(owner)) throw alreadyRunning(folder);
  if (owner?.group && worksIn(owner.group, folder)) signalGroup(owner.group, 'SIGKILL');
  // The lock file is moved last: where it is still here, the swap did not reach its end.
  if (existsSync(join(folder, lockFile))) restore(folder, target, packages);
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** `identity` tells a process from a later one with the same pid; null where the system does not say. */
type Owner = {
  readonly pid: number;
  readonly identity: string | null;
  readonly group: number | null;
};

function writeOwner(folder: string, group: number | null): void {
  const { pid } = process;
  const owner: Owner = { pid, identity: processIdentity(pid), group };
  writeFileSync(join(folder, ownerFile), JSON.stringify(owner));
}

function readOwner(folder: string): Owner | null {
  try {
    return JSON.parse(readFileSync(join(folder, ownerFile), 'utf8')) as Owner;
  } catch {
    return null;
  }
}

function isAlive({ pid, identity }: Owner): boolean {
  return identity === null ? hasProcess(pid) : processIdentity(pid) === identity;
}

/** Only what works in this folder is an installer; the number may be another process's by now. */
function worksIn(pid: number, folder: string): boolean {
  if (existsSync('/proc/self/cwd')) {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === folder;
    } catch {
      return false;
    }
  }
  const { stdout } = spawnSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' });
  return stdout?.includes(folder) ?? false;
}

function alreadyRunning(folder: string): InstallError {
  return new InstallError('install_running', 'Another install works on this agent.', {
    hint: `Wait for its end. If there is none, remove ${folder}.`,
  });
}

function notWritable(folder: string, cause: unknown): InstallError {
  const code = (cause as NodeJS.ErrnoException).code ?? 'no reason given';
  return new InstallError('folder_not_writable', `${folder} cannot be made or written (${code}).`, {
    hint: 'Correct its permissions, then run the command again.',
    cause,
  });
}
