import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { newestTimeMs } from '../packages/gateway/src/system/newest-time.ts';
import { workspaceRoot } from './source-files.ts';

/** The sources of the console, absolute. */
const sources = join(workspaceRoot, 'packages/console');

/**
 * The built files of the console: built anew where its sources changed since, with its packages installed first where its
 * lock changed. What that prints goes to this process's own streams.
 *
 * @returns Their folder, absolute. Its `index.html` has the time at which the build began.
 * @throws Error where it cannot be built.
 */
export async function builtConsole(): Promise<string> {
  const dist = join(sources, 'dist');
  const page = join(dist, 'index.html');
  const newest = await newestTimeMs(sources, new Set(['node_modules', 'dist']));
  if ((await timeOf(page)) >= newest) return dist;
  await installPackages();
  const begun = new Date();
  await run(process.execPath, ['build.ts']);
  // Not that of the end: what was changed meanwhile may not be part of it.
  await utimes(page, begun, begun);
  return dist;
}

/** Installs what the lock says, where that is not there. */
async function installPackages(): Promise<void> {
  const lock = join(sources, 'package-lock.json');
  const mark = join(sources, 'node_modules/.dropgate-lock');
  const hash = createHash('sha256')
    .update(await readFile(lock))
    .digest('hex');
  // A copy of the workspace has new times and the same packages.
  if ((await readFile(mark, 'utf8').catch(() => null)) === hash) return;
  const installed = await timeOf(join(sources, 'node_modules/.package-lock.json'));
  if (installed < (await timeOf(lock))) await install();
  // Not written through a link, which such a copy may have of it.
  await rm(mark, { force: true });
  await writeFile(mark, hash);
}

async function install(): Promise<void> {
  const quiet = ['--loglevel=error', '--no-audit', '--no-fund', '--fetch-retries=5'];
  await run('npm', ['ci', '--include=dev', '--ignore-scripts', ...quiet]);
}

async function run(program: string, args: readonly string[]): Promise<void> {
  // Tests begin builds too, and what they built is served and packed.
  const env = { ...process.env, NODE_ENV: 'production' };
  const child = spawn(program, [...args], { cwd: sources, env, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${code ?? 'a signal'}.`);
}

async function timeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.mtimeMs ?? 0;
}
