import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, environmentVariables } from './environment.ts';
import { nearest } from './nearest.ts';

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
