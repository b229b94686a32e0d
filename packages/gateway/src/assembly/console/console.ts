import { consolePaths } from '../../config/own-package.ts';
import { installerVariables } from '../../dependencies/install/installer-variables.ts';
import type { ConsoleDeps } from '../../http/console/console-deps.ts';
import { holderOf } from '../../policy/keys/identify.ts';
import { consoleLinkUrl } from '../../protocol/console/link-url.ts';
import type { Parts } from '../agent-processes.ts';
import type { Gateway } from '../contract.ts';
import { createConsoleBuild } from './build-console.ts';

/** The console: its files and its logins. */
export function createConsole({ config, live, sessions, secrets, lifetime }: Parts): ConsoleDeps {
  const { folder, sources } = consolePaths();
  const build =
    sources &&
    createConsoleBuild({
      sources: sources.folder,
      script: sources.script,
      environment: installerVariables(config.environment, {
        installer: 'npm',
        credentials: 'given',
      }),
      hide: secrets.own.text,
      signal: lifetime.signal,
    });
  return {
    isOn: () => live.current().console.enabled,
    folder,
    build: build ?? (async () => ({ state: 'built' })),
    sessions,
  };
}

/** Makes links for whoever starts the gateway: each is good until it is opened, or the gateway ends. */
export function createConsoleLink({
  live,
  sessions,
  known,
}: Pick<Parts, 'live' | 'sessions' | 'known'>): Gateway['consoleLink'] {
  return async ({ url, key }) => {
    const holder = live.current().console.enabled ? known.authenticate(key) : null;
    if (!holder) return null;
    const { code } = await sessions.newLink(holderOf(holder), 'gateway');
    return consoleLinkUrl(url, code);
  };
}
