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
 *
 * @param uid - Of the user that workers run as; without it they run as the gateway does.
 */
export function shareCompileCache(projectRoot: string, uid?: number): void {
  const suffix = uid === undefined ? '' : `-${uid}`;
  mkdirSync(compileCache + suffix, { recursive: true });
  mkdirSync(join(projectRoot, '.dropgate'), { recursive: true, mode: 0o700 });
  symlinkSync(compileCache + suffix, join(projectRoot, `.dropgate/compile-cache${suffix}`));
}
