import type { Finding } from '../../protocol/diagnostics.ts';
import { ownFrame } from '../explain/code-place.ts';
import { type FailureContext, locate } from '../explain/failure-context.ts';

/** Frames of a stack that are kept, so that the author's own is among them where a package of theirs fails or ends. */
export const keptFrames = 50;

/** The end of the process by the module's own code, with the stack of whoever called `process.exit()`. */
export class ProcessExit extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = keptFrames;
    super(`The process ended itself with exit code ${exitCode}.`);
    Error.stackTraceLimit = limit;
    this.exitCode = exitCode;
  }
}

/** The finding for a module that ends its process while it is loaded. */
export function explainExit(
  exit: ProcessExit,
  { load, sources }: Pick<FailureContext, 'load' | 'sources'>,
): Finding {
  const frame = ownFrame(exit);
  return {
    stage: 'load',
    code: 'process_exit',
    severity: 'error',
    message: `The module ended its process with exit code ${exit.exitCode} while it was loaded.`,
    ...locate(frame?.file ?? load.entry, frame, sources),
    hint: 'Remove process.exit() from the top level of the module and of what it imports.',
  };
}
