import type { Finding } from '../protocol/diagnostics.ts';
import type { ModuleLoad } from '../protocol/records.ts';
import { foldStack } from '../protocol/text/fold-stack.ts';
import type { WorkerEnd } from './process/worker-end.ts';

/** Characters of what is known of one module, as JSON: it is kept, listed and compared for as long as it serves. */
export const MANIFEST_LIMIT_CHARS = 2 * 2 ** 20;

/** What goes on for ever while a module is imported, in the words of its language. */
const endless = {
  node: 'a top-level await that never settles',
  python: 'a call that waits for what never comes',
} as const;

const exits = { node: 'process.exit()', python: 'sys.exit() and os._exit()' } as const;

/** Says what it means that a worker ended while it was loading a module, and what its author can do. */
export function findingOfEnd(
  end: WorkerEnd,
  load: ModuleLoad,
  limits: { readonly loadTimeoutMs: number; readonly memoryLimitMb: number },
): Finding {
  const about = { stage: 'load', severity: 'error', file: load.entry } as const;
  switch (end.reason) {
    case 'load_timeout':
      return {
        ...about,
        code: 'load_timeout',
        message: `The module did not finish loading within ${limits.loadTimeoutMs} ms.`,
        ...placeOf(end),
        hint: `Look for an endless loop or ${endless[load.language]}; raise worker.load_timeout_ms if it needs the time.`,
      };
    case 'exited':
      return {
        ...about,
        code: 'process_exit',
        message: `The module ended its process with exit code ${end.exitCode} while it was loaded.`,
        hint: `Remove ${exits[load.language]} from the top level of the module and of what it imports.`,
        ...lastLines(end),
      };
    case 'memory':
      return {
        ...about,
        code: 'out_of_memory',
        message: `The module used more than ${limits.memoryLimitMb} MB of memory while it was loaded.`,
        hint: 'Load less at the top level, or raise worker.memory_limit_mb.',
      };
    case 'processes':
      return {
        ...about,
        code: 'too_many_processes',
        message: `The module was ended while it was loaded: ${end.detail?.message ?? 'too many processes'}`,
        hint: 'Start fewer programs at the top level, or raise worker.process_limit.',
      };
    case 'protocol':
      return {
        ...about,
        code: 'protocol_violated',
        message: `The process broke the protocol while it loaded the module: ${end.detail?.message ?? 'no cause is known'}`,
        hint: 'File descriptor 3 belongs to the gateway: write to stdout or stderr in the module and in what it imports.',
        ...lastLines(end),
      };
    case 'retired':
    case 'shutdown':
      return cancelledLoad(load);
    default:
      return crashFinding(end, load);
  }
}

function crashFinding(end: WorkerEnd, load: ModuleLoad): Finding {
  const { detail } = end;
  return {
    stage: 'load',
    code: 'worker_crashed',
    severity: 'error',
    message: `The process crashed while it loaded the module: ${detail?.message ?? 'no cause is known'}`,
    file: detail?.file ?? load.entry,
    ...(detail?.line === undefined ? {} : { line: detail.line }),
    ...(detail?.column === undefined ? {} : { column: detail.column }),
    hint: 'The last lines that it printed say more; so does running the module by itself.',
    ...lastLines(end),
  };
}

function placeOf({ detail }: WorkerEnd): Partial<Finding> {
  const { file, line, column, stack } = detail ?? {};
  if (file === undefined || line === undefined) return {};
  return {
    file,
    line,
    ...(column === undefined ? {} : { column }),
    ...(stack ? { frame: stack } : {}),
  };
}

function lastLines(end: WorkerEnd): { frame?: string } {
  return end.detail?.stack ? { frame: foldStack(end.detail.stack) } : {};
}

/** Says that a module is more than is kept of one. */
export function manifestTooLarge(load: ModuleLoad): Finding {
  return {
    stage: 'load',
    code: 'manifest_too_large',
    severity: 'error',
    message: `What the module exports, its agents, their tools and files take more than ${MANIFEST_LIMIT_CHARS / 2 ** 20} MiB to name.`,
    file: load.entry,
    hint: 'Export less, give agents fewer tools, or split the module.',
  };
}

/** Says that nothing can run the module. */
export function missingRuntime(load: ModuleLoad): Finding {
  return {
    stage: 'load',
    code: 'runtime_unavailable',
    severity: 'error',
    message: `There is nothing on this machine that runs modules in ${load.language}.`,
    file: load.entry,
  };
}

/** Says that a load was stopped, for no fault of the module. */
export function cancelledLoad(load: ModuleLoad): Finding {
  return {
    stage: 'load',
    code: 'load_cancelled',
    severity: 'error',
    message: 'The load was stopped before it ended.',
    file: load.entry,
  };
}
