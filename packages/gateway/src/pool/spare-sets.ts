import { sep } from 'node:path';
import type { ModuleLoad } from '../protocol/records.ts';
import { environmentMark } from './process/environment-mark.ts';
import { type Runtime, runtimeOf } from './process/runtimes.ts';
import type { Member } from './roster.ts';
import { createSpares, type Spares } from './spares.ts';

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

function isEdit({ generation, kept }: ModuleLoad): boolean {
  return generation > 1 && kept === null;
}
