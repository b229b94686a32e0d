import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Finding } from '../../protocol/diagnostics.ts';
import type { FoundModule } from '../../protocol/module.ts';
import type { Manifest } from '../../protocol/records.ts';

/** What a module names to be watched: absolute paths, and what is said of those that are not. */
export type NamedFiles = {
  readonly paths: readonly string[];
  readonly findings: readonly Finding[];
};

/** A module that names more has its folder meant, which is one name. */
const NAMED_LIMIT = 100;

/**
 * The files and folders of `__gateway__.watch` that are watched: the first hundred that lie in the project, links
 * followed. One that is not there yet is waited for.
 */
export async function namedFiles(
  module: FoundModule,
  { settings }: Manifest,
  projectRoot: string,
): Promise<NamedFiles> {
  const names = settings.watch ?? [];
  const project = await realPlace(projectRoot);
  const paths: string[] = [];
  const outside: string[] = [];
  for (const name of names.slice(0, NAMED_LIMIT)) {
    const path = resolve(module.folder, name);
    const isInside = (await realPlace(path)).startsWith(project + sep);
    (isInside ? paths : outside).push(isInside ? path : name);
  }
  const findings = [
    ...(outside.length > 0 ? [notWatched(module, namesOutside(outside))] : []),
    ...(names.length > NAMED_LIMIT ? [notWatched(module, tooMany(names.length))] : []),
  ];
  return { paths, findings };
}

/** The paths without folders, which would be watched with all that is in them; for what a worker says it loaded. */
export async function filesOnly(paths: readonly string[]): Promise<string[]> {
  const isFolder = await Promise.all(
    paths.map((path) =>
      stat(path)
        .then((stats) => stats.isDirectory())
        .catch(() => false),
    ),
  );
  return paths.filter((_, index) => !isFolder[index]);
}

/** The path with links followed; what is not there keeps its name below the nearest folder that is. */
async function realPlace(path: string): Promise<string> {
  const parent = dirname(path);
  return realpath(path).catch(async () =>
    parent === path ? path : join(await realPlace(parent), basename(path)),
  );
}

/** The longest name that is repeated in a message. */
const SHOWN_NAME = 200;

function namesOutside([first = '', ...others]: readonly string[]): string {
  const more = others.length > 0 ? ` and ${others.length} more` : '';
  return `\`__gateway__.watch\` names ${first.slice(0, SHOWN_NAME)}${more} outside of the project, which is not watched.`;
}

function tooMany(count: number): string {
  return `\`__gateway__.watch\` names ${count} files, of which the first ${NAMED_LIMIT} are watched.`;
}

function notWatched({ entry }: FoundModule, message: string): Finding {
  return {
    stage: 'metadata',
    code: 'not_watched',
    severity: 'warning',
    message,
    file: entry,
    hint: `Name up to ${NAMED_LIMIT} files or folders below the project, or refresh after a change.`,
  };
}
