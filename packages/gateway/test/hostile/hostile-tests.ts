import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hangTimeoutMs } from '../support/hang-limit.ts';

/** What holds of any input, however hostile. */
export type Target = {
  /** A sentence. */
  readonly title: string;
  /** How many inputs are tried by day, and in a long run. */
  readonly runs: readonly [day: number, long: number];
  readonly property: fc.IRawProperty<unknown>;
};

/** Any other makes other inputs. */
const seed = Number(process.env.FUZZ_SEED ?? 1);
/** As a failure prints it: begins there, and tries nothing else. */
const path = process.env.FUZZ_PATH;

/** The tests of some targets. What fails is told with seed and path; both repeat it. */
export function testTargets(what: string, targets: readonly Target[], form: 'day' | 'long'): void {
  describe(what, () => {
    for (const { title, runs, property } of targets) {
      const numRuns = runs[form === 'day' ? 0 : 1];
      const timeout = form === 'day' ? hangTimeoutMs : 4 * hangTimeoutMs;
      test(`${title} (${numRuns} inputs, FUZZ_SEED=${seed})`, { timeout }, async () => {
        await fc.assert(property, { seed, numRuns, ...(path === undefined ? {} : { path }) });
        expect(inherited()).toEqual([]);
      });
    }
  });
}

/** What every object has since, that none should have. */
function inherited(): string[] {
  const found: string[] = [];
  for (const name in {}) found.push(name);
  return found;
}
