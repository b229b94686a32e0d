import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { nearest } from '../protocol/nearest.ts';
import { envFileNames } from './env-files.ts';
import { type Environment, environmentVariables } from './environment.ts';
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

const misnamedFiles: readonly string[] = ['gateway.yml', 'dropgate.yaml', 'dropgate.yml'];

/** Says which secrets of the project workers of another user can read all the same. */
export function readableSecrets(
  { uid }: Pick<Settings['worker'], 'uid'>,
  projectRoot: string,
): string[] {
  if (uid === undefined) return [];
  const isOpen = (name: string) => {
    const stats = statSync(join(projectRoot, name), { throwIfNoEntry: false });
    return stats !== undefined && (stats.mode & 0o004) !== 0;
  };
  return envFileNames
    .filter(isOpen)
    .map(
      (name) =>
        `Workers can read the ${name} in the project root. Allow its owner only (chmod 600 ${name}).`,
    );
}

/** Variables that upstreams name for their key and that are not set. */
export function missingApiKeys(settings: Settings, environment: Environment): string[] {
  return Object.entries(settings.upstreams).flatMap(([name, { api_key_env: variable }]) =>
    variable && !environment[variable]?.trim()
      ? [`${variable} is not set, so upstream ${name} is called without a key.`]
      : [],
  );
}
