import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { Config } from '../../config/config.ts';
import { launcherPath } from '../../config/own-package.ts';
import { CommandError, exitCodes } from '../command.ts';
import type { UnitFacts } from './unit-file.ts';

/** What the command line says of how it runs. */
export type RunChoice = {
  readonly user?: true;
  readonly runAs?: string;
  readonly write?: readonly string[];
};

/** By default as long as where something asks `/readyz`. */
const SHUTDOWN_DELAY_MS = 5000;

/** Runs that are ended by force are told of, and the store is closed. */
const MARGIN_MS = 10_000;

/**
 * What the unit of a project is made of.
 *
 * @throws CommandError where it would run as root though its workers would too, or from a folder that may go.
 */
export function unitFacts(config: Config, choice: RunChoice): UnitFacts {
  const { projectRoot, server, worker } = config;
  const launcher = launcherPath();
  requirePath(projectRoot);
  if (launcher.includes('/_npx/')) {
    throw new CommandError(
      'This dropgate lies in a cache of npm, which is cleaned up. Run `npm install dropgate` in the project, and this command again.',
    );
  }
  const drainMs = worker.drainTimeoutMs + (server.shutdownDelayMs ?? SHUTDOWN_DELAY_MS);
  return {
    projectRoot,
    node: process.execPath,
    launcher,
    scope: choice.user ? { type: 'user' } : { type: 'system', user: userOf(config, choice.runAs) },
    writable: (choice.write ?? []).map((folder) => requirePath(resolve(projectRoot, folder))),
    stopSeconds: Math.ceil((drainMs + MARGIN_MS) / 1000),
    capabilities: [
      ...(worker.uid === undefined ? [] : ['CAP_CHOWN', 'CAP_SETUID', 'CAP_SETGID', 'CAP_KILL']),
      ...(server.port > 0 && server.port < 1024 ? ['CAP_NET_BIND_SERVICE'] : []),
    ],
    makesNamespaces: worker.sandbox !== 'none',
  };
}

function userOf({ projectRoot, worker }: Config, given: string | undefined): string {
  if (worker.uid !== undefined) {
    if (given === undefined || given === 'root') return 'root';
    throw new CommandError(
      'worker.uid starts workers as another user, which only root may. Leave --run-as out, or worker.uid.',
      exitCodes.wrongUsage,
    );
  }
  const user = given ?? nameOf(statSync(projectRoot).uid);
  if (user !== 'root' && user !== '0') {
    if (/^[A-Za-z0-9_][A-Za-z0-9_.-]*\$?$/.test(user)) return user;
    throw new CommandError(`${JSON.stringify(user)} is no name of a user.`, exitCodes.wrongUsage);
  }
  throw new CommandError(
    'Agents would run as root. Name a user with --run-as who may read the project, or set worker.uid.',
  );
}

function nameOf(uid: number): string {
  try {
    return execFileSync('id', ['-nu', `${uid}`], { encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return `${uid}`;
  }
}

/** Lines end where a path would go on in another one; a blank at their end is lost, and a backslash joins the next. */
function requirePath(path: string): string {
  const hasControls = [...path].some((letter) => letter < ' ');
  const endsUnread = /[\s\\]$/u.test(path);
  if (isAbsolute(path) && !hasControls && !endsUnread) return path;
  throw new CommandError(`${JSON.stringify(path)} cannot be named in a unit of systemd.`);
}
