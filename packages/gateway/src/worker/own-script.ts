import { syncBuiltinESMExports } from 'node:module';
import { failureDetail } from './explain/failure-detail.ts';
import { runScope } from './run/run-scope.ts';

/** What a module does by itself once it is loaded: its `main()` beside the agent, which is no matter of the gateway's. */
export type OwnScript = {
  /** True where the error is one of the module's own script, and told; it concerns no run. */
  readonly failed: (error: unknown) => boolean;
};

/** Thrown where the module's own script would end the process. */
class HeldExit extends Error {
  override readonly name = 'HeldExit';
}

/**
 * Keeps the process when the module's own script fails or calls `process.exit()` after the load: the agent is served all
 * the same. What it is stopped at is told once. Whatever happens in a run stays as it is.
 *
 * @param isLoaded - True once the module is loaded; before that, an end is an end of the load.
 * @param tell - Takes the sentence for the agent's log.
 */
export function holdOwnScript(isLoaded: () => boolean, tell: (text: string) => void): OwnScript {
  const told = new Set<string>();
  const isOwn = () => isLoaded() && runScope.getStore() === undefined;
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
    if (!isOwn()) return exit.call(process, code);
    const held = new HeldExit(`process.exit(${code ?? ''}) was not done.`);
    tellOnce('The module wanted to end its process', held);
    // Whoever calls it counts on never going on.
    throw held;
  };
  syncBuiltinESMExports();
  return {
    failed(error) {
      if (error instanceof HeldExit) return true;
      if (!isOwn()) return false;
      tellOnce('The module failed', error);
      return true;
    },
  };
}
