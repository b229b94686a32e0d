import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, environmentVariables } from './environment.ts';
import { nearest } from './nearest.ts';
import type { Settings } from './schema.ts';

/** Names and files that look like settings but are not read: they are told, because nothing else would. */
export function nearMisses(environment: Environment, projectRoot: string): string[] {
  const known = environmentVariables.map(({ name }) => name);
  const variables = Object.keys(environment)
    .filter((name) => name.startsWith('GATEWAY_') && !known.includes(name))
    .flatMap((name) => {
      const guess = nearest(name, known);
      return guess ? [`${name} is not read. Did you mean ${guess}?`] : [];
    });
  const files = misnamedFiles
    .filter((name) => existsSync(join(projectRoot, name)))
    .map((name) => `${name} is not read. Name it gateway.yaml.`);
  return [...variables, ...files];
}

/** The line is not quoted: it may be half of a secret. */
export function unreadLine(line: number): string {
  return `Line ${line} of .env sets nothing: it is no NAME=value. Write it so, or begin it with #.`;
}

const misnamedFiles: readonly string[] = ['gateway.yml', 'dropgate.yaml', 'dropgate.yml'];

/** Says which secrets of the project workers of another user can read all the same. */
export function readableSecrets(
  { uid }: Pick<Settings['worker'], 'uid'>,
  projectRoot: string,
): string[] {
  if (uid === undefined) return [];
  const stats = statSync(join(projectRoot, '.env'), { throwIfNoEntry: false });
  const isOpen = stats !== undefined && (stats.mode & 0o004) !== 0;
  return isOpen
    ? ['Workers can read the .env in the project root. Allow its owner only (chmod 600 .env).']
    : [];
}

/** Variables that upstreams name for their key and that are not set. */
export function missingApiKeys(settings: Settings, environment: Environment): string[] {
  return Object.entries(settings.upstreams).flatMap(([name, { api_key_env: variable }]) =>
    variable && !environment[variable]?.trim()
      ? [`${variable} is not set, so upstream ${name} is called without a key.`]
      : [],
  );
}
