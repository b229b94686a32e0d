import { fetchOldPackages } from './support/old-packages.ts';
import { fetchGatewayPackages } from './support/packed-gateway.ts';
import { fetchPythonWithSdk } from './support/python-with-sdk.ts';

/**
 * Fetches once, before the first test, what tests need of npm and PyPI: none of them waits for a registry. What cannot
 * be had fails those alone that need it.
 */
export async function setup(): Promise<void> {
  const fetched = await Promise.allSettled([
    fetchOldPackages(),
    fetchGatewayPackages(),
    fetchPythonWithSdk(),
  ]);
  for (const one of fetched) {
    if (one.status === 'rejected') process.stderr.write(`Not fetched: ${one.reason}\n`);
  }
}
