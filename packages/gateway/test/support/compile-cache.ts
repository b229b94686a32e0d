import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

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

/**
 * Has a worker keep there what workers import, as a spare does: most tests have none. Throws where it ends before.
 *
 * @param worker - The file that workers begin with.
 */
export async function fillCompileCache(worker: string): Promise<void> {
  const kept = () => globSync(join(compileCache, '*/imports'));
  // Of other files, or of an earlier build.
  for (const file of kept()) rmSync(file);
  const spare = spawn(process.execPath, [worker], {
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: compileCache },
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  const ended = once(spare, 'exit');
  while (kept().length === 0) {
    if (spare.exitCode !== null) throw new Error('The worker kept nothing of what it imported.');
    await wait(20);
  }
  spare.stdio[3]?.destroy();
  await ended;
}
