import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';

/** What registries gave lies here, for every later run of the tests. */
export const fetchedFolder = join(
  import.meta.dirname,
  '../../../../node_modules/.cache/dropgate-fetched',
);

/** For one attempt. A registry may be slow; one that says nothing for so long is down. */
const attemptTimeoutMs = 600_000;
const pausesMs = [2_000, 10_000, 30_000];

/**
 * Makes a folder where it is not there yet: under another name first, so that one that is there is whole, whoever else
 * makes it at the same time. What fails is tried again after a pause, and rejects in the end.
 */
export async function fetchOnce(
  folder: string,
  make: (staging: string) => Promise<void>,
): Promise<void> {
  if (existsSync(folder)) return;
  process.stderr.write(`Fetching what the tests need: ${basename(folder)} …\n`);
  const staging = `${folder}.${process.pid}`;
  for (let attempt = 0; ; attempt += 1) {
    try {
      await rm(staging, { recursive: true, force: true });
      await mkdir(dirname(staging), { recursive: true });
      await make(staging);
      await rename(staging, folder);
      return;
    } catch (thrown) {
      await rm(staging, { recursive: true, force: true });
      if (existsSync(folder)) return;
      const pauseMs = pausesMs[attempt];
      if (pauseMs === undefined) throw thrown;
      process.stderr.write(`That failed and is tried again: ${thrown}\n`);
      await wait(pauseMs);
    }
  }
}

/** Runs a program that asks a registry; ended where it takes too long. `env` is all it gets beside PATH and HOME. */
export async function runFetching(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<void> {
  const { PATH, HOME } = process.env;
  const env = { PATH, HOME, ...options.env };
  const run = promisify(execFile);
  await run(program, args, { ...options, env, timeout: attemptTimeoutMs, killSignal: 'SIGKILL' });
}

/** What says where the registry is; nothing else of the npm that may run us, which knows of a workspace. */
export function registrySettings(): NodeJS.ProcessEnv {
  const names = /^(npm_config_(registry|cafile|(https?_?)?proxy|noproxy)|https?_proxy|no_proxy)$/i;
  const known = /^(NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/;
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => names.test(name) || known.test(name)),
  );
}
