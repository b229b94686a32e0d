import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { env } from 'node:process';
import { fileURLToPath } from 'node:url';
import { readEnvFile } from '../protocol/text/env-file.ts';

/** What modules get as `dotenv` that have no such package: the `.env` beside them is in their environment already. */
export type DotenvOptions = {
  /** Files beside the usual one; relative ones begin at the working directory. */
  path?: string | URL | readonly (string | URL)[];
  override?: boolean;
  processEnv?: Record<string, string | undefined>;
};

/** What was read, as dotenv says it. */
export type DotenvResult = { parsed: Record<string, string>; error?: Error };

/** Variables of a text in the format of `.env`. */
export function parse(text: string | Uint8Array): Record<string, string> {
  return { ...readEnvFile(Buffer.from(text).toString('utf8')).values };
}

/**
 * Puts the variables of the named files into the environment; without a name there is nothing to do. Variables that lead
 * to models stay as the gateway gave them.
 */
export function config(options: DotenvOptions = {}): DotenvResult {
  const parsed: Record<string, string> = {};
  let error: Error | undefined;
  for (const path of [options.path ?? []].flat()) {
    try {
      const text = readFileSync(path instanceof URL ? fileURLToPath(path) : resolve(path), 'utf8');
      Object.assign(parsed, parse(text));
    } catch (thrown) {
      error ??= thrown instanceof Error ? thrown : new Error(String(thrown));
    }
  }
  populate(options.processEnv ?? env, parsed, options);
  return error ? { parsed, error } : { parsed };
}

/** The same under its other name. */
export function configDotenv(options?: DotenvOptions): DotenvResult {
  return config(options);
}

/** Puts variables into an environment, over what is there only with `override`. */
export function populate(
  target: Record<string, string | undefined>,
  parsed: Readonly<Record<string, string>>,
  { override = false }: Pick<DotenvOptions, 'override'> = {},
): void {
  for (const [name, value] of Object.entries(parsed)) {
    const isOfGateway = /^OPENAI_(API_KEY|BASE_URL)$/.test(name);
    if (target[name] === undefined || (override && !isOfGateway)) target[name] = value;
  }
}

const dotenv = { config, configDotenv, parse, populate };

// How dotenv is imported: `import dotenv from 'dotenv'`.
export default dotenv;
