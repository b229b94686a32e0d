import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { noBrowser } from './console/no-browser.ts';
import { buildGateway } from './support/built-gateway.ts';
import { fillCompileCache } from './support/compile-cache.ts';
import { fetchEverythingServer } from './support/mcp-everything.ts';
import { fetchOldPackages } from './support/old-packages.ts';
import { fetchPythonWithSdk } from './support/python-with-sdk.ts';

/**
 * Fetches what tests need of npm and PyPI, and builds the gateway, once before the first test: none of them waits for a
 * registry. What cannot be had fails those alone that need it.
 */
export async function setup({ provide }: TestProject): Promise<void> {
  const lacks = noBrowser();
  if (lacks !== null) process.stderr.write(`The tests of the console are left out: ${lacks}.\n`);
  const fetched = await Promise.allSettled([
    fetchOldPackages(),
    fetchPythonWithSdk(),
    fetchEverythingServer(),
  ]);
  for (const one of fetched) {
    if (one.status === 'rejected') process.stderr.write(`Not fetched: ${one.reason}\n`);
  }
  // After Python is there: it has compiled the worker's files, which are copied.
  const builtGateway = await buildGateway();
  await fillCompileCache(join(builtGateway, 'dist/worker/main.js'));
  provide('builtGateway', builtGateway);
}
