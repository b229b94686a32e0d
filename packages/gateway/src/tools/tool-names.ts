import { z } from 'zod';

/** Longest name of a tool, as both of OpenAI's APIs take it. */
const MAX_NAME = 64;

/** What stands before the names of the tools of a source. */
export const toolPrefix = z
  .string()
  .regex(/^([A-Za-z_][A-Za-z0-9_-]{0,31})?$/)
  .meta({ allowed: 'letters, digits, `_` and `-`, at most 32, not a digit first; or nothing' })
  .optional();

/** A name as models take it, of one that a server gives. */
export function usableName(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, MAX_NAME);
  return /^[A-Za-z_]/.test(plain) ? plain : `_${plain}`.slice(0, MAX_NAME);
}
