import { spawnSync } from 'node:child_process';

/** How long a look at the program, and a trial of it, may take. */
const TRIAL_TIMEOUT_MS = 10_000;

/** The program that makes sandboxes of processes on Linux, and what its version can do. */
export type Bubblewrap = {
  readonly version: string;
  /** From 0.7 on: a bound for what lies in memory as files. */
  readonly boundsFiles: boolean;
  /** From 0.8 on: no further user namespaces inside, which much of the kernel's surface is behind. */
  readonly forbidsNamespaces: boolean;
};

/** There is no sandbox here. `message` says why and what to do. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
}

/** What every sandbox is made with: nothing of the machine's processes, no rights, gone with whoever started it. */
export function isolationFlags({ forbidsNamespaces }: Bubblewrap): string[] {
  return [
    '--unshare-user',
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--unshare-cgroup-try',
    '--die-with-parent',
    '--cap-drop',
    'ALL',
    '--hostname',
    'worker',
    ...(forbidsNamespaces ? ['--disable-userns'] : []),
  ];
}

/**
 * Finds bubblewrap and makes a sandbox with it, so that what is missing is known before an agent needs it.
 *
 * @param user - Whom it is to run as; null for this process's own user.
 * @throws SandboxError
 */
export function findBubblewrap(options: {
  readonly path: string | undefined;
  readonly user: { readonly uid: number; readonly gid: number } | null;
}): Bubblewrap {
  if (process.platform !== 'linux') {
    throw new SandboxError('Sandboxes need Linux. Set worker.sandbox to none on this machine.');
  }
  const how = {
    encoding: 'utf8',
    timeout: TRIAL_TIMEOUT_MS,
    ...(options.user ?? {}),
    env: { PATH: options.path },
  } as const;
  const asked = spawnSync('bwrap', ['--version'], how);
  const version = /(\d+)\.(\d+)\.(\d+)/.exec(asked.stdout ?? '');
  if (!version) {
    throw new SandboxError(
      'bubblewrap is not installed. Install it (Debian, Ubuntu: apt-get install bubblewrap; Fedora: dnf install bubblewrap; Alpine: apk add bubblewrap).',
    );
  }
  const minor = Number(version[1]) * 1000 + Number(version[2]);
  const found = { version: version[0], boundsFiles: minor >= 7, forbidsNamespaces: minor >= 8 };
  const mounts = ['--unshare-net', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev'];
  const tried = spawnSync('bwrap', [...isolationFlags(found), ...mounts, 'true'], how);
  if (tried.status === 0) return found;
  const said = (tried.stderr ?? '').trim().split('\n')[0] || (tried.error?.message ?? 'it ended');
  throw new SandboxError(
    `bubblewrap cannot make a sandbox here (${said}). It needs user namespaces: in a container allow them and an unmasked /proc, on Ubuntu give bwrap an AppArmor profile that allows userns.`,
  );
}
