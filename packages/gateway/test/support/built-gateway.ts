import { createHash } from 'node:crypto';
import {
  cpSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { inject } from 'vitest';
import { builtConsole } from '../../../../scripts/built-console.ts';
import { joinFiles } from '../../../../scripts/joined-files.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Folder of the gateway as it is published, absolute. */
    readonly builtGateway: string;
  }
}

const packageFolder = dirname(dirname(import.meta.dirname));
const cache = join(packageFolder, '../../node_modules/.cache/dropgate-built');

/** What nobody built again for so long is of no use; younger ones may be those of other runs. */
const keptForMs = 24 * 60 * 60 * 1000;

/**
 * Builds what processes that a test starts run: what is published, which also starts in half the time of its sources.
 * Once for the same sources.
 *
 * @returns Its folder, absolute: `bin`, `dist`, `python`, `package.json`, and `global` with what `npm install -g` makes.
 */
export async function buildGateway(): Promise<string> {
  const staging = join(cache, `${process.pid}`);
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true });
  await joinFiles(packageFolder, join(staging, 'dist'));
  cpSync(await builtConsole(), join(staging, 'dist/console'), { recursive: true });
  for (const name of ['bin', 'python', 'package.json']) {
    // Python's compiled files, where there are any, hold the time of the file they were made of.
    cpSync(join(packageFolder, name), join(staging, name), {
      recursive: true,
      preserveTimestamps: true,
    });
  }
  mkdirSync(join(staging, 'global'));
  symlinkSync('../bin/dropgate.cjs', join(staging, 'global/dropgate'));
  const folder = join(cache, hashOf(staging));
  try {
    renameSync(staging, folder);
  } catch {
    // It is there: somebody built the same.
    rmSync(staging, { recursive: true, force: true });
  }
  const now = new Date();
  utimesSync(folder, now, now);
  removeOld(now.getTime() - keptForMs);
  return folder;
}

function removeOld(beforeMs: number): void {
  for (const path of readdirSync(cache).map((name) => join(cache, name))) {
    const isOld = (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? beforeMs) < beforeMs;
    if (isOld) rmSync(path, { recursive: true, force: true });
  }
}

/** The file that users start, as it is published. */
export function builtLauncher(): string {
  return join(inject('builtGateway'), 'bin/dropgate.cjs');
}

/** PATH of a machine that has the program installed for all: its messages name commands as `dropgate …`. */
export function pathWithDropgate(): string {
  return [join(inject('builtGateway'), 'global'), process.env.PATH ?? ''].join(delimiter);
}

/** Where a worker of Node begins, as it is published. */
export function builtWorker(): string {
  return join(inject('builtGateway'), 'dist/worker/main.js');
}

function hashOf(folder: string): string {
  const hash = createHash('sha256');
  for (const file of globSync('**/*.*', { cwd: folder }).sort()) {
    hash.update(`${file}\n`);
    // Compiled ones differ by the time at which they were made.
    if (!file.endsWith('.pyc')) hash.update(readFileSync(join(folder, file)));
  }
  return hash.digest('hex').slice(0, 16);
}
