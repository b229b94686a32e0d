import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { until } from '../../acceptance/until.ts';
import { buildah, configOf, type ImageConfig } from './buildah.ts';

const run = promisify(execFile);

/** How a container differs from what its image says. */
export type ContainerOptions = {
  /** Folders of this machine that it sees, by their path in there. */
  readonly mounts: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  /** What its root may do (`setuid`); nothing without them. */
  readonly capabilities?: readonly string[];
};

/** A container that runs. It shares the network of this machine, and nothing else. */
export type Container = {
  /** Process 1 in there, by its number out here. */
  readonly pid: number;
  /** All it printed so far. */
  readonly logs: () => string;
  /** Exit code of what the image says is asked to see whether it is well. */
  readonly healthcheck: () => Promise<number>;
  /** Runs a program in there, as its user; resolves with what it printed. */
  readonly exec: (...command: readonly string[]) => Promise<string>;
  /** Sends SIGTERM to process 1 and resolves with the exit code. */
  readonly stop: () => Promise<number | null>;
  readonly remove: () => Promise<void>;
};

/** What engines give where an image says nothing. */
const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** $1 is the root; then come pairs of a folder and where it is mounted, `--`, and the command. */
const enter = `
set -eu
root=$1; shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
while [ "$1" != -- ]; do
  if [ -d "$1" ]; then mkdir -p "$root$2"; else touch "$root$2"; fi
  mount --bind "$1" "$root$2"; shift 2
done
shift
mount -o remount,bind,ro "$root"
exec chroot "$root" "$@"
`;

/** Starts an image as it says that it is run: read-only but for its mounts and /tmp, in namespaces of its own. */
export async function startContainer(image: string, options: ContainerOptions): Promise<Container> {
  const config = await configOf(image);
  const id = await buildah('from', '--pull-never', image);
  const root = await buildah('mount', id);
  const mounts = Object.entries(options.mounts).flatMap(([inside, outside]) => [outside, inside]);
  const command = [...config.Entrypoint, ...config.Cmd];
  const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--ipc', '--uts'];
  const entered = ['sh', '-c', enter, 'sh', root, ...mounts, '--'];
  const child = spawn('unshare', [...namespaces, ...entered, ...asUser(config, options, command)]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const pid = await until('process 1', () => firstChild(child));
  const exec = async (...inner: readonly string[]) => {
    const inside = ['--target', `${pid}`, '--mount', '--pid', '--root', '--wd'];
    const { stdout } = await run('nsenter', [...inside, ...asUser(config, options, inner)]);
    return stdout.trim();
  };
  return {
    pid,
    logs: () => output,
    exec,
    healthcheck: () => exec(...config.Healthcheck.Test.slice(1)).then(() => 0, exitCodeOf),
    async stop() {
      if (child.exitCode === null) {
        process.kill(pid, 'SIGTERM');
        await once(child, 'exit');
      }
      return child.exitCode;
    },
    async remove() {
      if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
      await buildah('umount', id);
      await buildah('rm', id);
    },
  };
}

/** The command with the user, the environment and the folder of the image, and no more rights than it is given. */
function asUser(
  { User, Env, WorkingDir }: ImageConfig,
  { user = User, env = {}, capabilities = [] }: ContainerOptions,
  command: readonly string[],
): string[] {
  const [uid = '', gid = uid] = user.split(':');
  const rights = ['-all', ...capabilities.map((name) => `+${name}`)].join(',');
  const given = Object.entries(env).map(([name, value]) => `${name}=${value}`);
  const who = ['setpriv', '--reuid', uid, '--regid', gid, '--clear-groups', '--no-new-privs'];
  const what = ['--inh-caps=-all', `--bounding-set=${rights}`];
  const where = ['env', '--ignore-environment', `--chdir=${WorkingDir}`, path, ...Env, ...given];
  return [...who, ...what, ...where, ...command];
}

function firstChild({ pid, exitCode }: ChildProcess): number | null {
  if (exitCode !== null) throw new Error(`The container ended with ${exitCode}.`);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return children === '' ? null : Number(children.split(' ')[0]);
}

function exitCodeOf(error: unknown): number {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'number' ? code : -1;
}
