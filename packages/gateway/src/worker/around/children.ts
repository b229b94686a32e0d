import { syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ownFile } from '../../own-files.ts';
import { isLocalPath } from '../load/local-files.ts';
import { processRuns } from '../run/outside-runs.ts';
import { answerThreads } from '../run/thread-tools.ts';

/** What leads to processes and threads of the module's own. */
const starters = new Set([
  'child_process',
  'node:child_process',
  'worker_threads',
  'node:worker_threads',
]);

type Options = { readonly execArgv?: readonly string[]; readonly eval?: boolean };

type Builtin = Record<'fork', (file: string | URL, ...rest: unknown[]) => unknown>;

type WorkerClass = new (file: string | URL, options?: Options) => object;

/**
 * Makes files of the module's own that are run by `fork` or as a worker thread load as the module itself does: other
 * files, packages and TypeScript are found and read the same way there, and tools of a thread are guarded.
 *
 * @returns Told of each import, so that nothing is loaded for a module that starts nothing.
 */
export function createChildren(projectRoot: string): { readonly expect: (name: string) => void } {
  let isPrepared = false;
  return {
    expect(name) {
      if (isPrepared || !starters.has(name)) return;
      isPrepared = true;
      const hooks = pathToFileURL(ownFile('worker/around/child-hooks'));
      hooks.search = new URLSearchParams({ projectRoot }).toString();
      const flag = `--import=${hooks.href}`;
      prepareForks(flag);
      prepareThreads(flag);
      syncBuiltinESMExports();
    },
  };
}

function prepareForks(flag: string): void {
  const builtin = process.getBuiltinModule('node:child_process') as unknown as Builtin;
  const { fork } = builtin;
  builtin.fork = (file, ...rest) => {
    if (!isOwn(file)) return fork(file, ...rest);
    const args = rest.find((each) => Array.isArray(each)) ?? [];
    const options = rest.find((each) => isOptions(each)) ?? {};
    const execArgv = [...(options.execArgv ?? process.execArgv), flag];
    return fork(file, args, { ...options, execArgv });
  };
}

function prepareThreads(flag: string): void {
  const builtin = process.getBuiltinModule('node:worker_threads') as unknown as {
    isMainThread: boolean;
    Worker: WorkerClass;
  };
  if (builtin.isMainThread) answerThreads(processRuns.link);
  const Plain = builtin.Worker;
  builtin.Worker = class Worker extends Plain {
    constructor(file: string | URL, options: Options = {}) {
      const isFile = !options.eval && isOwn(file);
      const execArgv = [...(options.execArgv ?? []), flag];
      super(file, isFile ? { ...options, execArgv } : options);
    }
  };
}

function isOptions(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOwn(file: unknown): boolean {
  if (file instanceof URL) return file.protocol === 'file:' && isLocalPath(fileURLToPath(file));
  return typeof file === 'string' && isLocalPath(resolve(file));
}
