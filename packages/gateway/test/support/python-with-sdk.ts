import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { pythonSdkVersion } from '../../src/dependencies/python/environments.ts';

const run = promisify(execFile);

/** The version of the SDK that the Python worker is tested with. */
const testedSdk = `openai-agents==${pythonSdkVersion}`;

/** Time for making the environment once: pip resolves and downloads some forty packages. */
export const installTimeoutMs = 300_000;

const readyMark = 'ready';

const cacheFolder = join(
  import.meta.dirname,
  '../../../../node_modules/.cache/dropgate-python',
  testedSdk.replaceAll(/[^a-z0-9.]+/g, '-'),
);

/** Path of a Python that has the SDK; its environment is made on first use and kept for later ones. */
export async function pythonWithSdk(): Promise<string> {
  if (!existsSync(join(cacheFolder, readyMark))) await makeEnvironment();
  return join(cacheFolder, 'bin/python');
}

/** Version of `python3` on this machine as a pair; null where there is none. */
async function systemPython(): Promise<readonly [major: number, minor: number] | null> {
  try {
    const { stdout } = await run('python3', ['-c', 'import sys; print(*sys.version_info[:2])']);
    const [major = 0, minor = 0] = stdout.trim().split(' ').map(Number);
    return [major, minor];
  } catch {
    return null;
  }
}

/** Why tests that need Python cannot run here; null where they can. */
export async function missingPython(): Promise<string | null> {
  const version = await systemPython();
  if (!version) return 'there is no python3 on this machine';
  const [major, minor] = version;
  return major > 3 || (major === 3 && minor >= 10)
    ? null
    : `python3 is ${major}.${minor}, below 3.10`;
}

/** A mark says that it is whole, so that one broken off is made anew. One process makes it, others wait. */
async function makeEnvironment(): Promise<void> {
  await mkdir(dirname(cacheFolder), { recursive: true });
  const lock = `${cacheFolder}.lock`;
  const isOurs = await mkdir(lock).then(
    () => true,
    () => false,
  );
  const mark = join(cacheFolder, readyMark);
  if (!isOurs) {
    await untilExists(mark);
    return;
  }
  try {
    await rm(cacheFolder, { recursive: true, force: true });
    await run('python3', ['-m', 'venv', cacheFolder], { timeout: installTimeoutMs });
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', testedSdk];
    await run(join(cacheFolder, 'bin/python'), pip, { timeout: installTimeoutMs });
    await writeFile(mark, '');
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

/** Another test process makes it: waits until it is there. */
async function untilExists(path: string): Promise<void> {
  const deadlineMs = performance.now() + installTimeoutMs;
  while (!existsSync(path)) {
    if (performance.now() > deadlineMs)
      throw new Error(
        `${path} was not made in time; remove ${cacheFolder}.lock if nothing makes it.`,
      );
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
