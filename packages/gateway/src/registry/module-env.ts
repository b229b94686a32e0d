import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Finding } from '../protocol/diagnostics.ts';

/** A module's `.env` for its worker alone, and what is wrong with it. */
export type ModuleEnv = {
  readonly path: string;
  readonly values: Readonly<Record<string, string>>;
  readonly findings: readonly Finding[];
};

const brokerVariables = ['OPENAI_API_KEY', 'OPENAI_BASE_URL'];

/** Reads `<folder>/.env`; none is an empty one. Values never appear in a finding. */
export async function readModuleEnv(folder: string): Promise<ModuleEnv> {
  const path = join(folder, '.env');
  const text = await readFile(path, 'utf8').catch(() => '');
  const parsed = parseEnv(text);
  const taken = Object.keys(parsed).filter((name) => brokerVariables.includes(name));
  return {
    path,
    values: withoutBrokerVariables(parsed),
    findings: taken.map((name) => ({
      stage: 'metadata',
      code: 'upstream_key_in_module',
      severity: 'warning',
      message: `${name} in a module's .env has no effect: agents reach models through the gateway.`,
      file: path,
      line: lineOf(text, name),
      hint: `Move ${name} to the .env in the project root, or make it an upstream in gateway.yaml.`,
    })),
  };
}

/** The variables that a module may set: those that lead to models are the gateway's. */
export function withoutBrokerVariables(parsed: NodeJS.Dict<string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parsed).flatMap(([name, value]) =>
      value === undefined || brokerVariables.includes(name) ? [] : [[name, value]],
    ),
  );
}

function lineOf(text: string, name: string): number {
  const pattern = new RegExp(`^\\s*(export\\s+)?${name}\\s*=`);
  return text.split('\n').findIndex((line) => pattern.test(line)) + 1;
}
