import type { TestProject } from 'vitest/node';
import { buildGateway } from './support/built-gateway.ts';
import { fetchOldPackages } from './support/old-packages.ts';
import { fetchGatewayPackages } from './support/packed-gateway.ts';
import { fetchPythonWithSdk } from './support/python-with-sdk.ts';

/**
 * Builds the gateway once, before the first test, and fetches what tests need of npm and PyPI: none of them waits for a
 * registry. What cannot be had fails those alone that need it.
 */
export async function setup({ provide }: TestProject): Promise<void> {
  provide('builtGateway', await buildGateway());
  const fetched = await Promise.allSettled([
    fetchOldPackages(),
    fetchGatewayPackages(),
    fetchPythonWithSdk(),
  ]);
  for (const one of fetched) {
    if (one.status === 'rejected') process.stderr.write(`Not fetched: ${one.reason}\n`);
  }
}
