import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SdkCopy } from '../../src/worker/loaded-module.ts';
import { fetchedFolder, fetchOnce, registrySettings, runFetching } from './fetch-once.ts';

/** A copy of the SDK from a folder of packages, with nothing sent to its traces. */
export async function importSdkCopy(packages: string): Promise<SdkCopy> {
  const entry = join(packages, '@openai/agents/dist/index.mjs');
  const copy: Record<string, unknown> = await import(pathToFileURL(entry).href);
  const { setTracingDisabled } = copy;
  if (typeof setTracingDisabled === 'function') setTracingDisabled(true);
  return copy;
}

/** Folder with the packages of one version of the SDK for TypeScript, fetched where it is not there yet; `latest` is of today. */
export async function fetchSdkCopy(version: string): Promise<string> {
  const day = version === 'latest' ? `-${new Date().toISOString().slice(0, 10)}` : '';
  const folder = join(fetchedFolder, `sdk-${version}${day}`);
  await fetchOnce(folder, async (staging) => {
    await mkdir(staging, { recursive: true });
    await writeFile(join(staging, 'package.json'), '{ "private": true }');
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
    const zod = /^0\.[0-3]\./.test(version) ? 'zod@^3.25.40' : 'zod@^4';
    const packages = [`@openai/agents@${version}`, zod];
    await runFetching('npm', ['install', '--prefix', staging, ...quiet, ...packages], {
      cwd: staging,
      env: registrySettings(),
    });
  });
  return join(folder, 'node_modules');
}
