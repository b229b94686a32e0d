import { consolePath } from '../../config/own-package.ts';
import type { ConsoleDeps } from '../../http/console/console-deps.ts';
import { createSessions } from '../../policy/sessions/sessions.ts';
import type { Parts } from '../agent-processes.ts';

/** The console: its files and its logins. */
export function createConsole({ config, known, nowSeconds }: Parts): ConsoleDeps {
  return {
    isOn: () => config.console.enabled,
    folder: consolePath(),
    sessions: createSessions({ known, nowSeconds, times: () => config.console }),
  };
}
