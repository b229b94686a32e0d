import type { Finding } from '../../protocol/diagnostics.ts';
import { explainExit, ProcessExit } from '../load/process-exit.ts';
import { explainThrown, type FailureContext } from './failure-context.ts';

/** True for an error of the module's script: a held exit comes back as one that nobody caught, from a callback too. */
export function isOfScript(code: string, error: unknown): boolean {
  return (
    code === 'unhandled_rejection' || (code !== 'process_exit' && error instanceof ProcessExit)
  );
}

/** What it means that an error of the module was caught by nobody, or that it ended its process, while it was loaded. */
export function explainStray(code: string, error: unknown, context: FailureContext): Finding {
  if (error instanceof ProcessExit) return explainExit(error, context);
  const what =
    code === 'unhandled_rejection'
      ? `${context.load.modulePath} left a rejected promise unhandled while it was imported`
      : `${context.load.modulePath} threw from a callback while it was imported`;
  const hint =
    code === 'unhandled_rejection'
      ? 'Add `await` or `.catch(…)` to the call that fails.'
      : 'Catch the error where the callback runs.';
  return explainThrown(error, context, { code, what, hint });
}
