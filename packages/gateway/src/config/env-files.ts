import { join } from 'node:path';
import { readEnvFile } from '../protocol/text/env-file.ts';
import { readTextFile } from './settings-file.ts';

/**
 * Files of variables below the project root, the later over the earlier. Keys of upstreams belong into the last: tools
 * that look for a `.env` by themselves never find it.
 */
export const envFileNames = ['.env', '.dropgate/upstream.env'] as const;

/** Absolute paths of them. */
export function envFilesOf(projectRoot: string): string[] {
  return envFileNames.map((name) => join(projectRoot, name));
}

/** What they hold together, and a notice for each line that sets nothing. Throws as `readTextFile`. */
export function readEnvFiles(projectRoot: string): {
  readonly values: Readonly<Record<string, string>>;
  readonly notices: readonly string[];
} {
  const read = envFileNames.map((name) => ({
    name,
    ...readEnvFile(readTextFile(join(projectRoot, name), name) ?? ''),
  }));
  return {
    values: Object.assign({}, ...read.map(({ values }) => values)),
    notices: read.flatMap(({ name, unreadLines }) =>
      unreadLines.map((line) => unreadLine(line, name)),
    ),
  };
}

/** The line is not quoted: it may be half of a secret. */
function unreadLine(line: number, file: string): string {
  return `Line ${line} of ${file} sets nothing: it is no NAME=value. Write it so, or begin it with #.`;
}
