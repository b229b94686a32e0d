import type { Config } from '../../config/config.ts';
import type { Issuer } from '../../policy/settings.ts';
import { readKeys } from '../../policy/tokens/key-set.ts';
import { createReadKeySet, type ReadKeySet } from '../../policy/tokens/read-key-set.ts';
import { createSafeFetch } from '../../tools/outbound/safe-fetch.ts';
import { count } from '../text-layout.ts';
import { type HealthCheck, ok, warn } from './health-check.ts';

const READ_TIMEOUT_MS = 5000;

/** The issuers of tokens: whether their public keys can be read. */
export async function issuersHealth({ issuers, environment }: Config): Promise<HealthCheck[]> {
  const outbound = createSafeFetch({ environment });
  const read = createReadKeySet(outbound.fetch);
  try {
    return await Promise.all(issuers.map((issuer) => healthOf(issuer, read)));
  } finally {
    await outbound.close();
  }
}

async function healthOf({ name, keys }: Issuer, read: ReadKeySet): Promise<HealthCheck> {
  const what = `issuer ${name}`;
  const place = keys.type === 'url' ? keys.url : keys.file;
  try {
    const set = readKeys(await read(keys, AbortSignal.timeout(READ_TIMEOUT_MS)));
    return ok(what, `${place} has ${count(set.keys.length, 'key')}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return warn(
      what,
      `its keys cannot be read at ${place}: ${why}`,
      'Look after its server, or correct jwks_url, jwks_file or allow_addresses of its entry in auth.jwt.',
    );
  }
}
