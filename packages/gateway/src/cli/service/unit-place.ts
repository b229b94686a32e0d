import { lstatSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { CommandError, exitCodes } from '../command.ts';
import { projectOfUnit } from './unit-file.ts';

/** Which unit is meant, as the command line says. */
export type UnitChoice = { readonly user?: true; readonly name: string; readonly root?: string };

/** Path of the unit's file. Throws where its name is none. */
export function unitPath({ user, name, root = '/' }: UnitChoice): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9:_.-]{0,99}$/.test(name) || name.endsWith('.service')) {
    throw new CommandError(
      `${JSON.stringify(name)} cannot be the name of a unit: it has letters, digits, ":", "_", "." and "-", and no ".service" at its end.`,
      exitCodes.wrongUsage,
    );
  }
  const folder = user ? join(homedir(), '.config/systemd/user') : '/etc/systemd/system';
  return join(root, folder, `${name}.service`);
}

/**
 * Text of the unit that is there, of this project; null where there is none.
 *
 * @throws CommandError where it is somebody else's, or of another project.
 */
export function ownUnit(path: string, projectRoot: string): string | null {
  const text = readUnit(path);
  if (text === null) return null;
  const project = projectOfUnit(text);
  if (project === null) {
    throw new CommandError(
      `${path} was not written by this command, so it stays as it is. Take another --name, or move it away.`,
    );
  }
  if (project !== projectRoot) {
    throw new CommandError(
      `${path} is of the project ${project}. Take another --name for this one.`,
    );
  }
  return text;
}

/** A link, such as to /dev/null for a masked unit, is read as what is there and is nobody's. */
function readUnit(path: string): string | null {
  try {
    return lstatSync(path).isFile() ? readFileSync(path, 'utf8') : '';
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw cannot('read', path, error);
  }
}

/** Why a file could not be read, written or removed, and what to do. */
export function cannot(what: 'read' | 'written' | 'removed', path: string, error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  const remedy = /^(EACCES|EPERM)$/.test(code ?? '')
    ? 'Run the command as root, or with --user.'
    : 'Correct what is in its way.';
  return new CommandError(`${path} cannot be ${what} (${code}). ${remedy}`);
}
