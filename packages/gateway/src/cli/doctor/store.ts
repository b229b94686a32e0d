import { access } from 'node:fs/promises';
import type { Config } from '../../config/config.ts';
import { openStore } from '../../storage/open-store.ts';
import { StoreError } from '../../storage/store-error.ts';
import { endOf } from '../../upstreams/models/retirements.ts';
import { readRetirements } from '../status/read-retirements.ts';
import { fail, type HealthCheck, ok, warn } from './health-check.ts';

/** Whether the store can be used, and what it tells of models that were used lately and end. */
export async function storeHealth(config: Config): Promise<HealthCheck[]> {
  const file = /^sqlite:(.+)$/.exec(config.storeUrl)?.[1];
  // A start makes it; a look leaves nothing behind.
  if (file && !(await isThere(file))) return [ok('store', `${file}, made at the first start`)];
  try {
    const store = await openStore(config.storeUrl);
    try {
      await store.versions();
      const place = file ?? 'the database of store_url answers';
      return [ok('store', place), ...(await modelsHealth(config, store))];
    } finally {
      await store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    const [found = '', ...rest] = error.message.split(/(?<=\.) /);
    return [fail('store', found, rest.join(' ') || 'Correct store_url (GATEWAY_STORE_URL).')];
  }
}

async function modelsHealth(
  config: Config,
  store: Parameters<typeof readRetirements>[1],
): Promise<HealthCheck[]> {
  const retirements = await readRetirements(config, store);
  return retirements.map((retirement) => {
    const { model, upstream, agents } = retirement;
    const found = `${model} of ${upstream} ${endOf(retirement)}; used by ${agents.join(', ')}`;
    const fix = `Name another model there, or an alias in upstreams.${upstream}.model_aliases.`;
    return warn('model', found, fix);
  });
}

function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
