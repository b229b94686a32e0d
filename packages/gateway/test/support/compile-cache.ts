import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Compiled code of the SDK, shared by all tests: reading it costs a worker a third of compiling it. */
export const compileCache = join(
  import.meta.dirname,
  '../../../../node_modules/.cache/dropgate-tests',
);

/**
 * Makes the workers of a project share it: writing it anew costs each worker of each test more than the test itself.
 * A project without this starts cold, as a user's does.
 */
export function shareCompileCache(projectRoot: string): void {
  mkdirSync(compileCache, { recursive: true });
  mkdirSync(join(projectRoot, '.dropgate'), { mode: 0o700 });
  symlinkSync(compileCache, join(projectRoot, '.dropgate/compile-cache'));
}
