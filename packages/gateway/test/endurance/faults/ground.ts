import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where a gateway stands: its project, and the folder of its store. */
export type Ground = {
  /** The project as the gateway sees it. */
  readonly root: string;
  /** The same folder as this process reaches it. */
  readonly view: string;
  /** What starts a program in the project; its arguments follow. It keeps its process id. */
  readonly launchedBy: readonly string[];
  /** Why disks cannot be filled here; null where they can. */
  readonly noDisks: string | null;
  readonly remove: () => Promise<void>;
};

/** Mounts disks of a few MB, says so, and keeps them until its input ends. */
const keeper = `cd "$0" && mount -t tmpfs -o size="$1"m tmpfs disk && mkdir disk/store &&
  mount -t tmpfs -o size="$1"m tmpfs disk/store && echo ready && read -r _`;

/**
 * Makes a project on a small disk with its store on another one, both in a namespace of their own that outlives each gateway;
 * on the ordinary disk where this user may mount nothing.
 */
export async function createGround({ diskMb }: { readonly diskMb: number }): Promise<Ground> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'dropgate-faults-')));
  const root = join(folder, 'disk');
  await mkdir(root);
  const holder = spawn('unshare', ['-Urm', 'sh', '-c', keeper, folder, `${diskMb}`], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const ended = once(holder, 'exit').catch(() => undefined);
  const [said] = await Promise.race([once(holder.stdout, 'data'), ended.then(() => [])]);
  const enter = ['sh', '-c', 'cd "$0" && exec "$@"', root];
  const remove = async () => {
    holder.stdin.end();
    await ended;
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  if (!said) {
    await mkdir(join(root, 'store'), { recursive: true });
    return { root, view: root, launchedBy: enter, noDisks: 'this user may mount nothing', remove };
  }
  const namespace = ['nsenter', '-t', `${holder.pid}`, '-U', '-m', '--preserve-credentials'];
  return {
    root,
    view: join('/proc', `${holder.pid}`, 'root', root),
    launchedBy: [...namespace, ...enter],
    noDisks: null,
    remove,
  };
}
