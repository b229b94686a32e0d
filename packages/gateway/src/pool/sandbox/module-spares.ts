import { statSync } from 'node:fs';
import type { ModuleLoad } from '../../protocol/records.ts';
import { readablePaths } from '../process/node-permissions.ts';
import { type Runtime, runtimeOf } from '../process/runtimes.ts';
import { startupEnvironment } from '../process/worker-env.ts';
import type { Member } from '../roster.ts';
import { createSpares, environmentMark, isEdit, type SpareSets, type Spares } from '../spares.ts';

/**
 * The spares of a gateway whose workers are in sandboxes. A sandbox is of one module, so one waits for the module that
 * was edited last, which is likely to be edited again. It is replaced when its folder, or the packages on its way, are
 * others than those that it was made with.
 */
export function createModuleSpares(options: {
  readonly count: number;
  /** Starts a process without a module, in the sandbox of one. */
  readonly start: (runtime: Runtime, place: ModuleLoad) => Member;
  readonly onFault: (error: unknown) => void;
}): SpareSets {
  const { onFault, count } = options;
  const closing = new Set<Promise<void>>();
  let last: { readonly mark: string; readonly spares: Spares } | null = null;
  let isClosed = false;

  const drop = (): void => {
    const closed = last?.spares.close();
    last = null;
    if (!closed) return;
    closing.add(closed);
    void closed.finally(() => closing.delete(closed));
  };

  return {
    // Nobody knows yet which module that is.
    fill() {},
    forLoad(load) {
      const runtime = runtimeOf(load);
      const needsOwnStart = Object.keys(startupEnvironment(load.env)).length > 0;
      if (isClosed || count === 0 || !runtime || needsOwnStart || !isEdit(load)) return null;
      const mark = markOfPlace(load, runtime);
      if (last?.mark === mark) return last.spares;
      drop();
      const start = () => options.start(runtime, load);
      const spares = createSpares({ count: 1, onFault, start });
      last = { mark, spares };
      return spares;
    },
    async close() {
      isClosed = true;
      drop();
      await Promise.all(closing);
    },
  };
}

function markOfPlace({ folder, agentId }: ModuleLoad, runtime: Runtime): string {
  const places = readablePaths([folder]).map((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return `${path}:${stats?.dev}:${stats?.ino}`;
  });
  const environment = runtime.language === 'python' ? environmentMark(runtime.interpreter) : '';
  return [agentId, ...places, environment].join();
}
