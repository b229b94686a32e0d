/**
 * Installs the peers of `bench/peers.ts` at the versions that their lock files pin, each into a folder of its own outside of the
 * repository (`~/.cache/dropgate-bench-peers`, or `PEERS_CACHE`). What is installed already is left alone.
 * `node bench/peers/install.ts [peer…]`, all without arguments. A peer that cannot be installed is told; the others go on.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { peers } from './catalog.ts';
import { cacheFolder, sourceFolder } from './folders.ts';

type Step = readonly [command: string, ...args: string[]];

if (pathToFileURL(process.argv[1] ?? '').href === import.meta.url) main(process.argv.slice(2));

function main(named: readonly string[]): void {
  const unknown = named.find((each) => !peers.some(({ name }) => name === each));
  if (unknown) {
    const names = peers.map(({ name }) => name).join(', ');
    throw new Error(`There is no peer ${unknown}; there are ${names}.`);
  }
  const wanted = peers.filter(({ name }) => named.length === 0 || named.includes(name));
  const folders = new Set(wanted.flatMap(({ folder }) => (folder ? [folder] : [])));
  for (const folder of folders) {
    const problem = install(folder);
    console.log(`${problem ? '✗' : '✓'} ${folder}${problem ? `: ${problem}` : ''}`);
    if (problem) process.exitCode = 1;
  }
}

/**
 * Brings a peer's files into its folder of the cache, and its packages where the lock file is another than the one installed.
 *
 * @returns What the installer said last where it failed, `null` where all is there.
 */
export function install(folder: string): string | null {
  const from = sourceFolder(folder);
  const to = cacheFolder(folder);
  mkdirSync(to, { recursive: true });
  cpSync(from, to, { recursive: true });
  const stamp = join(to, '.installed');
  const digest = digestOf(from);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return null;
  rmSync(stamp, { force: true });
  for (const step of stepsOf(from)) {
    const [command, ...args] = step;
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      cwd: to,
      encoding: 'utf8',
      // A build runs on the Node that runs this, not on another that is installed.
      env: {
        ...process.env,
        NODE_ENV: '',
        PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
      },
    });
    if (status !== 0) return lastLines(`${error ?? ''}${stdout ?? ''}${stderr ?? ''}`);
  }
  writeFileSync(stamp, digest);
  return null;
}

/** Whether a peer's packages are those of its lock file. */
export function isInstalled(folder: string): boolean {
  const stamp = join(cacheFolder(folder), '.installed');
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digestOf(sourceFolder(folder));
}

function stepsOf(folder: string): readonly Step[] {
  if (existsSync(join(folder, 'requirements.txt'))) {
    const python = '.venv/bin/python';
    return [
      ['python3', '-m', 'venv', '--clear', '.venv'],
      [python, '-m', 'pip', 'install', '-q', '--no-deps', '-r', 'requirements.txt'],
    ];
  }
  const steps: Step[] = [['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund']];
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    scripts?: Record<string, string>;
  };
  return scripts?.build ? [...steps, ['npm', 'run', 'build']] : steps;
}

function digestOf(folder: string): string {
  const locks = ['requirements.txt', 'package-lock.json'].map((name) => join(folder, name));
  const lock = locks.find((path) => existsSync(path));
  return createHash('sha256')
    .update(lock ? readFileSync(lock) : '')
    .digest('hex');
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' ').slice(-400);
}
