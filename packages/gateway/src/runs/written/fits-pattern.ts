import { runInNewContext } from 'node:vm';
import { GatewayError } from '../../errors.ts';

/** A gate plays cases in the gateway, which answers nobody meanwhile. */
const LIMIT_MS = 500;

/**
 * Whether a text has somewhere what a regular expression says.
 *
 * @throws GatewayError where it takes too long to find out: some expressions try ever more ways to fit.
 */
export function fitsPattern(pattern: string, text: string): boolean {
  try {
    return runInNewContext(
      "new RegExp(pattern, 'u').test(text)",
      { pattern, text },
      { timeout: LIMIT_MS },
    );
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw cause;
    throw new GatewayError(
      'invalid_value',
      `The pattern ${pattern} takes longer than ${LIMIT_MS / 1000} s on this answer. Write it without repeats in repeats.`,
      { cause },
    );
  }
}

/** The engine for patterns in JSON schemas. */
export const patternEngine = Object.assign(
  (pattern: string) => ({
    test: (text: string) => fitsPattern(pattern, text),
    toString: () => pattern,
  }),
  { code: 'new RegExp' },
);
