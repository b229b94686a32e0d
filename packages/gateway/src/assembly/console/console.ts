import { consolePath } from '../../config/own-package.ts';
import type { ConsoleDeps } from '../../http/console/console-deps.ts';
import type { Parts } from '../agent-processes.ts';

/** The console: its files and its logins. */
export function createConsole({ config, sessions }: Parts): ConsoleDeps {
  return { isOn: () => config.console.enabled, folder: consolePath(), sessions };
}
