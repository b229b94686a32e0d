import { sep } from 'node:path';
import type { ModuleLoad } from '../protocol/records.ts';
import type { Member } from './roster.ts';
import { type Runtime, runtimeOf } from './runtimes.ts';
import { createSpares, type Spares } from './spares.ts';

/** The spares of every runtime: of Node from the start, of a Python once a module has needed it. */
export type SpareSets = {
  /** Begins Node's. */
  readonly fill: () => void;
  /** Those that can take a module; null for one with an environment of its own, which nobody else would use. */
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
  const pythons = new Map<string, Spares>();

  return {
    fill: node.fill,
    forLoad(load) {
      const runtime = runtimeOf(load);
      if (runtime?.language !== 'python') return runtime && node;
      const { interpreter } = runtime;
      if (interpreter.startsWith(load.folder + sep)) return null;
      const known = pythons.get(interpreter) ?? spares(runtime, Math.min(count, 1));
      pythons.set(interpreter, known);
      return known;
    },
    async close() {
      await Promise.all([node, ...pythons.values()].map((each) => each.close()));
    },
  };
}
