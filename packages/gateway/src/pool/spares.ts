import { readdirSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import type { ModuleLoad } from '../protocol/records.ts';
import { asksForPermissions } from './process/node-permissions.ts';
import { type Runtime, runtimeOf } from './process/runtimes.ts';
import type { Member } from './roster.ts';

/** How long to wait before the next spare after one died unused; doubles up to the longest. */
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 60_000;

/** Processes started ahead of need: the SDK is in memory, a module is not. */
export type Spares = {
  /** Starts what is missing. */
  readonly fill: () => void;
  /** One that is ready or will be sooner than a new one; null where there is none. The caller owns it from here. */
  readonly take: () => Member | null;
  /** Ends them and makes no more. */
  readonly close: () => Promise<void>;
};

/**
 * The spares of every runtime: of Node from the start, of a Python that modules share once one has needed it, and of
 * the one environment of a module's own that was edited last.
 */
export type SpareSets = {
  /** Begins Node's. */
  readonly fill: () => void;
  /** Those that can take a module; null where nobody would use them. */
  readonly forLoad: (load: ModuleLoad) => Spares | null;
  /** Ends them all and makes no more. */
  readonly close: () => Promise<void>;
};

export function createSpareSets(options: {
  readonly count: number;
  readonly start: (runtime: Runtime) => Member;
  readonly onFault: (error: unknown) => void;
}): SpareSets {
  const { count, onFault } = options;
  const spares = (runtime: Runtime, wanted: number) =>
    createSpares({ count: wanted, onFault, start: () => options.start(runtime) });
  const node = spares({ language: 'node' }, count);
  const pythons = createPythonSpares((runtime) => spares(runtime, Math.min(count, 1)));

  return {
    fill: node.fill,
    forLoad(load) {
      const runtime = runtimeOf(load);
      return runtime?.language === 'python' ? pythons.of(load, runtime) : runtime && node;
    },
    async close() {
      await Promise.all([node.close(), pythons.close()]);
    },
  };
}

type Python = Runtime & { readonly language: 'python' };

/** Spares of an environment as it was at a time. */
type PythonSpares = { readonly spares: Spares; readonly mark: string; readonly isOwn: boolean };

function createPythonSpares(make: (runtime: Python) => Spares) {
  const known = new Map<string, PythonSpares>();
  const closing = new Set<Promise<void>>();
  let isClosed = false;

  const drop = (interpreter: string): void => {
    const closed = known.get(interpreter)?.spares.close();
    known.delete(interpreter);
    if (!closed) return;
    closing.add(closed);
    void closed.finally(() => closing.delete(closed));
  };

  return {
    of(load: ModuleLoad, runtime: Python): Spares | null {
      const { interpreter } = runtime;
      const isOwn = interpreter.startsWith(load.folder + sep);
      // Who loads for the first time may well be one of many that never load again.
      if (isClosed || (isOwn && !isEdit(load))) return null;
      const mark = environmentMark(interpreter);
      const found = known.get(interpreter);
      if (found?.mark === mark) return found.spares;
      drop(interpreter);
      const others = [...known].filter(([, other]) => isOwn && other.isOwn);
      for (const [other] of others) drop(other);
      const spares = make(runtime);
      known.set(interpreter, { spares, mark, isOwn });
      return spares;
    },
    async close(): Promise<void> {
      isClosed = true;
      for (const interpreter of [...known.keys()]) drop(interpreter);
      await Promise.all(closing);
    },
  };
}

/** Whether a module that was served is loaded from disk again. */
export function isEdit({ generation, kept }: ModuleLoad): boolean {
  return generation > 1 && kept === null;
}

/** Makes spares, none started yet. One that dies unused is replaced, later each time, so that a broken start does not spin. */
export function createSpares(options: {
  readonly count: number;
  readonly start: () => Member;
  readonly onFault: (error: unknown) => void;
}): Spares {
  const spares: Member[] = [];
  let retryMs = FIRST_RETRY_MS;
  let retryTimer: NodeJS.Timeout | null = null;
  let isClosed = false;

  const fill = (): void => {
    if (retryTimer) return;
    try {
      while (!isClosed && spares.length < options.count) add();
    } catch (error) {
      options.onFault(error);
      refillLater();
    }
  };
  const add = (): void => {
    const spare = options.start();
    spares.push(spare);
    void spare.process.ready.then((isReady) => {
      if (isReady) retryMs = FIRST_RETRY_MS;
    });
    void spare.process.ended.then(() => {
      const index = spares.indexOf(spare);
      if (index === -1) return;
      spares.splice(index, 1);
      refillLater();
    });
  };
  const refillLater = (): void => {
    if (isClosed || retryTimer) return;
    retryTimer = setTimeout(() => {
      retryTimer = null;
      fill();
    }, retryMs).unref();
    retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
  };

  return {
    fill,
    take() {
      const index = spares.findIndex((spare) => spare.process.isOpen);
      return index === -1 ? null : (spares.splice(index, 1)[0] ?? null);
    },
    async close() {
      isClosed = true;
      if (retryTimer) clearTimeout(retryTimer);
      await Promise.all(spares.splice(0).map((spare) => spare.process.end('shutdown')));
    },
  };
}

/**
 * What distinguishes a Python's environment from the one that lay there before: the interpreter, the environment's settings
 * and the folders of its packages. A process that has imported packages is of use only as long as this stays the same.
 */
export function environmentMark(interpreter: string): string {
  const root = dirname(dirname(interpreter));
  const libraries = join(root, 'lib');
  const packages = namesIn(libraries).map((name) => join(libraries, name, 'site-packages'));
  return [interpreter, join(root, 'pyvenv.cfg'), ...packages].map(markOf).join();
}

function markOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats ? `${stats.ino}:${stats.mtimeMs}` : '';
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith('python'));
  } catch {
    return [];
  }
}

/** How many wait of each kind. Under Node's permissions a process has to know its module's folder when it starts, so that no spare can wait. */
export function sparesOf({
  settings,
  hostEnv,
}: {
  readonly settings: { readonly env: readonly string[]; readonly spares: number };
  readonly hostEnv: Readonly<Record<string, string | undefined>>;
}): number {
  const isHeld = settings.env.includes('NODE_OPTIONS') && asksForPermissions(hostEnv.NODE_OPTIONS);
  return isHeld ? 0 : settings.spares;
}
