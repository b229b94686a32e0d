import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fetchedFolder, fetchOnce, registrySettings, runFetching } from './fetch-once.ts';

/** The reference server of the protocol, which has something of everything. */
const everything = '@modelcontextprotocol/server-everything@2026.8.31';

const folder = join(fetchedFolder, `mcp-${everything.replaceAll(/[^a-z0-9.]+/g, '-')}`);

/** The command that starts it; `stdio` or `streamableHttp` is its argument. */
export function everythingServer(): readonly string[] {
  const file = join(folder, 'node_modules/@modelcontextprotocol/server-everything/dist/index.js');
  if (!existsSync(file)) throw new Error(`${everything} could not be fetched.`);
  return [process.execPath, file];
}

/** Fetches it, unless it is there. */
export function fetchEverythingServer(): Promise<void> {
  return fetchOnce(folder, async (staging) => {
    await mkdir(staging);
    await writeFile(join(staging, 'package.json'), '{ "private": true }');
    const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--fetch-retries=5'];
    const install = ['install', '--prefix', staging, '--prefer-offline', ...quiet, everything];
    await runFetching('npm', install, { cwd: staging, env: registrySettings() });
  });
}
