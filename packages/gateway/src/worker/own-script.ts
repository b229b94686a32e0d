import { syncBuiltinESMExports } from 'node:module';
import { failureDetail } from './explain/failure-detail.ts';
import { ProcessExit } from './load/process-exit.ts';
import { runScope } from './run/run-scope.ts';

/** What a module does by itself beside its agent: its `main()`, which is no matter of the gateway's. */
export type OwnScript = {
  /** True where the error is one of the module's own script, and told; it concerns no run. */
  readonly failed: (error: unknown, code: string) => boolean;
};

/** What is known of the module. */
export type ScriptModule = {
  /** True once it is loaded; before that, an end is an end of the load. */
  readonly isLoaded: () => boolean;
  /** True where an exit while it is loaded is one of its script. */
  readonly holdsExit: (exit: ProcessExit) => boolean;
};

/** Thrown where the module's own script would end the process. */
class HeldExit extends Error {
  override readonly name = 'HeldExit';
}

/**
 * Keeps the process when the module's own script fails or calls `process.exit()`: the agent is served all the same. What
 * it is stopped at after the load is told once. Whatever happens in a run stays as it is.
 *
 * @param tell - Takes the sentence for the agent's log.
 */
export function holdOwnScript(module: ScriptModule, tell: (text: string) => void): OwnScript {
  const told = new Set<string>();
  const isOwn = () => module.isLoaded() && runScope.getStore() === undefined;
  const tellOnce = (what: string, error: unknown): void => {
    const { file, line, message } = failureDetail(error, 'worker');
    const place = file === undefined ? '' : ` (${file}:${line})`;
    const text = `${what}${place}, outside of any run, after it was loaded; its agent is served all the same: ${message}`;
    if (told.has(text)) return;
    told.add(text);
    tell(text);
  };
  const exit = process.exit;
  process.exit = (code) => {
    const ended = new ProcessExit(Number(code ?? process.exitCode ?? 0));
    if (module.holdsExit(ended)) throw ended;
    if (!isOwn()) return exit.call(process, code);
    const held = new HeldExit(`process.exit(${code ?? ''}) was not done.`);
    tellOnce('The module wanted to end its process', held);
    // Whoever calls it counts on never going on.
    throw held;
  };
  syncBuiltinESMExports();
  return {
    failed(error, code) {
      if (error instanceof HeldExit || error instanceof ProcessExit) return true;
      // A callback that throws may leave anything half done; a rejection ends its own work alone.
      if (code !== 'unhandled_rejection' || !isOwn()) return false;
      tellOnce('The module failed', error);
      return true;
    },
  };
}
