import { delimiter, dirname, join } from 'node:path';
import { ownFile, packageFolder } from '../../own-files.ts';
import type { ModuleLoad } from '../../protocol/records.ts';
import { permissionFlags } from './node-permissions.ts';
import type { Environment } from './worker-env.ts';

/** What runs a worker: the gateway's own Node, or a Python with its environment. */
export type Runtime =
  | { readonly language: 'node' }
  | { readonly language: 'python'; readonly interpreter: string };

/** Where each runtime's workers begin: the program that Node runs, the folder that holds Python's packages. */
export type WorkerEntries = { readonly node: string; readonly python: string };

/** Where workers begin. */
export function workerEntries(): WorkerEntries {
  return { node: ownFile('worker/main'), python: join(packageFolder, 'python') };
}

/** How a process of a runtime is started; `env` comes over what every worker gets. */
export type RuntimeStart = {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Environment;
};

/**
 * What a worker of Node is made of: the gateway's folder, the module's, and of what is kept the very files that it
 * loads. Beside them lie those of every other agent, with their `.env`.
 */
export function workerFolders(entries: WorkerEntries, load: ModuleLoad | null): string[] {
  return [dirname(dirname(entries.node)), ...(load ? [load.folder, ...keptFilesOf(load)] : [])];
}

/** Absolute paths of the kept files that a load reads; none where it reads from disk. */
function keptFilesOf({ kept, keptFolder }: ModuleLoad): string[] {
  return Object.values(kept ?? {}).map((sha256) => join(keptFolder, sha256));
}

/**
 * New objects are collected by the thread that made them. V8 would share that among four helpers, which take more CPU than
 * the work: a seventh of a run, on a machine whose other cores have workers of their own to run.
 */
const collectAlone = '--no-parallel-scavenge';

/** What of the memory limit may be JavaScript heap; the rest is code, buffers and the runtime itself. */
const HEAP_SHARE = 0.75;

/**
 * MB of each half of the space for new objects. With the 16 of V8 a busy worker holds 228 MB of its own instead of 138,
 * for nearly the same CPU; with 4 a streamed run costs a fifth more, as what lives for one answer is moved among the old.
 */
const NEW_SPACE_MB = 8;

/**
 * MB that each half begins with. From V8's own half a MB it grows by collections that all fall into the load, a twentieth of
 * its CPU; with the whole 8 a process without a run would count as one that has some to give back (`worker/idle-memory.ts`).
 */
const FIRST_NEW_SPACE_MB = 4;

/** The runtime a module needs; null where the machine has none for it. */
export function runtimeOf({ language, interpreter }: ModuleLoad): Runtime | null {
  if (language === 'node') return { language };
  return interpreter === null ? null : { language, interpreter };
}

/**
 * Says how a runtime's worker is started.
 *
 * @param startupEnv - What of a module's `.env` has to be there when its process starts.
 */
export function runtimeStart(
  runtime: Runtime,
  startupEnv: Environment,
  options: {
    readonly entries: WorkerEntries;
    readonly memoryLimitMb: number;
    readonly compileCacheFolder: string;
    /** What every worker gets. */
    readonly workerEnv: Environment;
    /** What a process of Node is held to, where it is held: see `workerFolders`. */
    readonly folders: readonly string[];
  },
): RuntimeStart {
  if (runtime.language === 'node') {
    const { NODE_OPTIONS } = { ...options.workerEnv, ...startupEnv };
    return {
      command: process.execPath,
      args: [
        ...heapFlags(options.memoryLimitMb, NODE_OPTIONS),
        collectAlone,
        // What starts the inspector of a process; another worker of the same user could send it.
        '--disable-sigusr1',
        ...permissionFlags(NODE_OPTIONS, options.folders),
        options.entries.node,
      ],
      env: { NODE_COMPILE_CACHE: options.compileCacheFolder, ...startupEnv },
    };
  }
  const { PYTHONPATH: more, ...rest } = startupEnv;
  const path = [options.entries.python, ...(more ? [more] : [])].join(delimiter);
  return {
    command: runtime.interpreter,
    args: ['-m', 'dropgate_worker'],
    env: {
      PYTHONUNBUFFERED: '1',
      PYTHONDONTWRITEBYTECODE: '1',
      // Programs that its packages bring, such as tool servers, are found as in an activated environment.
      PATH: [dirname(runtime.interpreter), options.workerEnv.PATH ?? ''].join(delimiter),
      ...rest,
      PYTHONPATH: path,
    },
  };
}

/** What Node is told of its heap, but for what the options of the environment say. */
function heapFlags(memoryLimitMb: number, nodeOptions: string | undefined): string[] {
  const heapMb = Math.floor(memoryLimitMb * HEAP_SHARE);
  const newSpace = [
    `--max-semi-space-size=${NEW_SPACE_MB}`,
    `--min-semi-space-size=${FIRST_NEW_SPACE_MB}`,
  ];
  const chosen = (nodeOptions ?? '').replaceAll('_', '-');
  return [
    ...(chosen.includes('--max-old-space-size') ? [] : [`--max-old-space-size=${heapMb}`]),
    ...(chosen.includes('-semi-space-size') ? [] : newSpace),
  ];
}
