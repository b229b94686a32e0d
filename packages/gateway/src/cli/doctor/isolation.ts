import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';
import { findBubblewrap, SandboxError } from '../../system/bubblewrap.ts';
import { fail, type HealthCheck, ok, warn } from './health-check.ts';

const page = 'docs/systems/security.md, in the package below dist/, says what each of these means.';

/** What can stand between an agent and the machine. */
export function isolationHealth({ worker, environment }: Config): HealthCheck[] {
  if (process.platform !== 'linux') {
    const found = 'There are none on this system: agents share user, files and network.';
    return [warn('sandboxes', found, `Serve agents of people you do not trust on Linux. ${page}`)];
  }
  const user = worker.uid === undefined ? null : { uid: worker.uid, gid: worker.gid ?? worker.uid };
  return [
    sandboxHealth(environment.PATH, user, worker.sandbox !== 'none'),
    namespacesHealth(),
    userHealth(user, worker.sandbox !== 'none'),
    cgroupHealth(),
    landlockHealth(),
  ];
}

function sandboxHealth(
  path: string | undefined,
  user: { uid: number; gid: number } | null,
  isAskedFor: boolean,
): HealthCheck {
  try {
    const { version } = findBubblewrap({ path, user });
    const state = isAskedFor ? 'workers run in it' : 'for worker.sandbox: bubblewrap';
    return ok('bubblewrap', `${version}, ${state}`);
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    const [found = '', ...rest] = error.message.split(/(?<=\.) /);
    const fix = rest.join(' ') || 'Set worker.sandbox to none.';
    return isAskedFor ? fail('bubblewrap', found, fix) : warn('bubblewrap', found, fix);
  }
}

function userHealth(user: { uid: number } | null, isBoxed: boolean): HealthCheck {
  if (user) return ok('worker.uid', `Workers run as user ${user.uid}.`);
  if (process.getuid?.() === 0) {
    const fix = `Set worker.uid, so that agents are nobody of this machine. ${page}`;
    return warn('worker.uid', 'Workers run as root.', fix);
  }
  return isBoxed
    ? ok('worker.uid', 'Workers run as this user, in a sandbox.')
    : warn(
        'worker.uid',
        'Workers run as this user.',
        `Use worker.sandbox, or start as root and set worker.uid. ${page}`,
      );
}

function namespacesHealth(): HealthCheck {
  const most = Number(read('/proc/sys/user/max_user_namespaces') ?? 0);
  const isOff = read('/proc/sys/kernel/unprivileged_userns_clone')?.trim() === '0';
  if (most > 0 && !isOff) return ok('user namespaces', `up to ${most}`);
  return warn(
    'user namespaces',
    'They are off, and sandboxes need them.',
    'sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1',
  );
}

/** What the gateway needs none of, but an operator may want to bound it with. */
function cgroupHealth(): HealthCheck {
  const own = /^0::(.*)$/m.exec(read('/proc/self/cgroup') ?? '')?.[1];
  const root = '/sys/fs/cgroup';
  const controllers = own === undefined ? null : read(join(root, own, 'cgroup.controllers'));
  const counted = 'Children are found by looking, twice a second.';
  if (controllers === null) return ok('cgroups', `No version 2 here. ${counted}`);
  const bounds = controllers
    .trim()
    .split(' ')
    .filter((name) => ['memory', 'pids'].includes(name));
  const isWritable = mayWrite(join(root, own ?? '', 'cgroup.procs'));
  return ok(
    'cgroups',
    `Version 2 with ${bounds.join(' and ') || 'no controllers'}, ${isWritable ? 'writable' : 'to read'}. ${counted}`,
  );
}

function landlockHealth(): HealthCheck {
  const modules = read('/sys/kernel/security/lsm');
  const isThere = modules?.split(',').includes('landlock');
  const known = modules === null ? 'The system does not tell' : isThere ? 'In the kernel' : 'None';
  return ok('Landlock', `${known}; the gateway uses bubblewrap.`);
}

function mayWrite(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
