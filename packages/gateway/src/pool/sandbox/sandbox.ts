import { chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ModuleLoad } from '../../protocol/records.ts';
import { type Bubblewrap, isolationFlags } from '../../system/bubblewrap.ts';
import type { ProcessUser } from '../../system/processes.ts';
import type { Runtime, RuntimeStart, WorkerEntries } from '../process/runtimes.ts';
import type { Environment } from '../process/worker-env.ts';
import { mountFlags } from './mounts.ts';
import { workerView } from './worker-view.ts';

/** Where the worker's folder for what is to stay is told. */
const dataVariable = 'DROPGATE_DATA_DIR';

/** Where a worker without a network finds the broker: the port it is to listen on, and the socket to pass on to. */
const doorVariable = 'DROPGATE_BROKER_DOOR';

/** Puts workers into a sandbox. */
export type Sandbox = {
  /** The start of a worker, made to begin inside. `env` of the result holds nothing of the module's. */
  readonly wrap: (start: RuntimeStart, runtime: Runtime, load: ModuleLoad) => RuntimeStart;
};

export type SandboxOptions = {
  readonly bubblewrap: Bubblewrap;
  /** Whether workers reach every address, or the broker alone. */
  readonly network: 'broker' | 'all';
  readonly entries: WorkerEntries;
  readonly projectRoot: string;
  readonly stateFolder: string;
  readonly agentRoots: readonly string[];
  readonly readable: readonly string[];
  readonly writable: readonly string[];
  readonly memoryLimitMb: number;
  readonly user: ProcessUser | null;
  /** Of the broker, once it listens. */
  readonly door: () => { readonly port: number; readonly socket: string };
};

/** Makes the one way into a sandbox: `bwrap`, with what a worker may see and reach in its arguments. */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { bubblewrap, network, stateFolder, projectRoot, user } = options;

  return {
    wrap(start, runtime, load) {
      const dataFolder = makeDataFolder(stateFolder, load.agentId, user);
      const door = network === 'broker' ? options.door() : null;
      const view = workerView({
        ...options,
        runtime,
        load,
        dataFolder,
        compileCacheFolder: start.env.NODE_COMPILE_CACHE ?? dataFolder,
        brokerSocket: door?.socket ?? null,
      });
      const env = {
        ...start.env,
        HOME: dataFolder,
        TMPDIR: '/tmp',
        [dataVariable]: dataFolder,
        ...(door ? { [doorVariable]: `${door.port}:${door.socket}` } : {}),
      };
      return {
        command: 'bwrap',
        args: [
          ...isolationFlags(bubblewrap),
          ...(door ? ['--unshare-net'] : []),
          // Settings of the kernel there are root's to change, without any right but being root.
          '--proc',
          '/proc',
          '--remount-ro',
          '/proc',
          '--dev',
          '/dev',
          ...mountFlags(view, bubblewrap.boundsFiles),
          // Nobody would count what is written there as a worker's memory.
          '--remount-ro',
          '/dev',
          '--chdir',
          projectRoot,
          ...variableFlags(env),
          '--',
          start.command,
          ...start.args,
        ],
        env: {},
      };
    },
  };
}

/** Set from the inside: `bwrap` itself runs outside, where LD_PRELOAD of a module must not reach. */
function variableFlags(env: Environment): string[] {
  return Object.entries(env).flatMap(([name, value]) => ['--setenv', name, value]);
}

function makeDataFolder(stateFolder: string, agentId: string, user: ProcessUser | null): string {
  const all = join(stateFolder, 'data');
  const namespace = join(all, ...agentId.split('/').slice(0, -1));
  const folder = join(all, ...agentId.split('/'));
  mkdirSync(namespace, { recursive: true, mode: 0o711 });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (user) chownSync(folder, user.uid, user.gid);
  return folder;
}
