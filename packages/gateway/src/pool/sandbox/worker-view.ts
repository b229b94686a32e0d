import { existsSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { ModuleLoad } from '../../protocol/records.ts';
import { readablePaths } from '../process/node-permissions.ts';
import { type Runtime, type WorkerEntries, workerFolders } from '../process/runtimes.ts';
import type { Mount } from './mounts.ts';
import { byAllNames, runtimeView } from './runtime-view.ts';
import { systemView } from './system-view.ts';

/** What programs expect to be able to share between their processes. */
const SHARED_MEMORY_BYTES = 64 * 1024 * 1024;

/** What the way to a module says about its files. */
const filesOnTheWay = ['package.json', 'tsconfig.json'];

export type WorkerViewOptions = {
  readonly runtime: Runtime;
  readonly load: ModuleLoad;
  readonly entries: WorkerEntries;
  readonly projectRoot: string;
  readonly agentRoots: readonly string[];
  readonly compileCacheFolder: string;
  /** Its own; what it writes there stays. */
  readonly dataFolder: string;
  readonly memoryLimitMb: number;
  /** Absolute paths that the operator shows to every worker. */
  readonly readable: readonly string[];
  readonly writable: readonly string[];
  /** Of the broker; null where the network is open anyway. */
  readonly brokerSocket: string | null;
};

/**
 * All of the machine that a sandboxed worker sees: the system's programs, its runtime, the gateway's package and those on
 * the module's way, the module's folder and kept files. It writes to its data folder and to a `/tmp` of its own. Of the
 * project and of the agents' roots nothing else is there, also where they lie below a folder that is.
 */
export function workerView(options: WorkerViewOptions): Mount[] {
  const { load, entries, projectRoot, memoryLimitMb, brokerSocket } = options;
  const temporaryBytes = memoryLimitMb * 1024 * 1024;
  return [
    ...systemView(),
    { type: 'empty', path: '/tmp', sizeBytes: temporaryBytes },
    { type: 'empty', path: '/dev/shm', sizeBytes: SHARED_MEMORY_BYTES },
    ...hiddenFolders(options).map((path): Mount => ({ type: 'empty', path, sizeBytes: null })),
    ...runtimeView(options.runtime, load.folder),
    ...byAllNames(dirname(dirname(dirname(entries.node)))),
    ...readablePaths(workerFolders(entries, load)).map((path): Mount => ({ type: 'read', path })),
    ...foldersBetween(projectRoot, load.folder).flatMap((folder) =>
      filesOnTheWay.map((name): Mount => ({ type: 'read', path: join(folder, name) })),
    ),
    { type: 'read', path: options.compileCacheFolder },
    ...options.readable.flatMap(byAllNames),
    ...options.writable.map((path): Mount => ({ type: 'write', path })),
    { type: 'write', path: options.dataFolder },
    ...(brokerSocket ? [{ type: 'write', path: brokerSocket } as const] : []),
  ];
}

/** The project, and roots of agents elsewhere. */
function hiddenFolders({ projectRoot, agentRoots }: WorkerViewOptions): string[] {
  const elsewhere = agentRoots.filter((root) => !isBelow(root, projectRoot) && existsSync(root));
  return [projectRoot, ...elsewhere];
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder + sep);
}

/** The folders from the project down to the one that holds the module's; none where it lies elsewhere. */
function foldersBetween(projectRoot: string, folder: string): string[] {
  if (!isBelow(folder, projectRoot)) return [];
  const parent = dirname(folder);
  return [parent, ...foldersBetween(projectRoot, parent)];
}
