import { z } from 'zod';
import type { ToolParts } from './tool.ts';

const variable = z.strictObject({
  env: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
    .describe('Name of the environment variable that holds the value.'),
});

const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/)
  .meta({ allowed: 'names of headers' });

const plainOrVariable = z.union([z.string().regex(/^[\t\x20-\x7e]*$/), variable]).meta({
  allowed: 'a text, or { env: NAME } for the value of an environment variable',
});

/** Headers of requests to a server. */
export const headerSettings = z
  .record(headerName, plainOrVariable)
  .default({})
  .describe('Headers; a secret is `{ env: NAME }`.');

/** Environment of a process. */
export const environmentSettings = z
  .record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), plainOrVariable)
  .default({})
  .describe('Environment variables; a secret is `{ env: NAME }`.');

/** Texts by name, and what stands in the way of using them: null, or which variables are not set. */
export type ResolvedValues = {
  readonly values: Readonly<Record<string, string>>;
  readonly problem: string | null;
};

/** The same for headers, whose names are in small letters then. */
export function resolveHeaders(
  given: Readonly<Record<string, string | { readonly env: string }>>,
  parts: Pick<ToolParts, 'environment' | 'onSecret'>,
): ResolvedValues {
  const headers = Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]);
  return resolveValues(Object.fromEntries(headers), parts);
}

/** Puts the values of variables in their places; each is told as a secret. */
export function resolveValues(
  given: Readonly<Record<string, string | { readonly env: string }>>,
  { environment, onSecret }: Pick<ToolParts, 'environment' | 'onSecret'>,
): ResolvedValues {
  const missing: string[] = [];
  const secret = (name: string): string => {
    const value = environment()[name]?.trim() ?? '';
    if (value === '') missing.push(name);
    else onSecret(value);
    return value;
  };
  const values = Object.entries(given).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : secret(value.env),
  ]);
  const problem =
    missing.length > 0 ? `${missing.join(' and ')} is not set in the environment.` : null;
  return { values: Object.fromEntries(values) as Record<string, string>, problem };
}
