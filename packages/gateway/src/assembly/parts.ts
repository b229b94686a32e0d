import { dirname, join } from 'node:path';
import { createLiveConfig } from '../config/live-config.ts';
import { readPackageFacts } from '../config/package-facts.ts';
import { upstreamSettings } from '../config/settings-of-parts.ts';
import { createEvents } from '../events.ts';
import { createObservers } from '../observability/observers.ts';
import { createApiKeys } from '../policy/api-keys.ts';
import { createPool } from '../pool/pool.ts';
import { workerEntries } from '../pool/runtimes.ts';
import { createFirstLoad } from '../registry/first-load.ts';
import { keepsNothing } from '../storage/keeps-nothing.ts';
import { newLocalToken } from '../storage/running-gateway.ts';
import { openStore } from '../storage/sql-store.ts';
import { createBroker } from '../upstreams/broker.ts';
import { createLiveUpstreams } from '../upstreams/live-upstreams.ts';
import type { GatewayOptions } from './contract.ts';

/** The parts of a gateway that know nothing of each other. */
export type Parts = Awaited<ReturnType<typeof createParts>>;

/**
 * Makes the parts; nothing is listened to or run yet.
 *
 * @throws StoreError or UpstreamSettingsError, which say what is wrong and what to do.
 */
export async function createParts({
  config,
  reload,
  log: form,
  purpose = 'serve',
}: GatewayOptions) {
  const events = createEvents();
  const { emit } = events;
  const live = createLiveConfig(config, reload ?? (async () => config));
  const upstreams = createLiveUpstreams(upstreamSettings(config));
  const store = await openStore(config.storeUrl);
  const kept = purpose === 'serve' ? store : keepsNothing;
  const observers = createObservers({
    ...{ events, diagnostics: kept.diagnostics },
    log: { level: config.logLevel, form },
  });
  const version = () => store.version();
  const keys = createApiKeys({ store: store.keys, version, nowSeconds, emit });
  const broker = createBroker({ ...upstreams.current(), emit });
  const stateFolder = join(config.projectRoot, '.dropgate');
  const pool = createPool({
    settings: config.worker,
    workerEntries: workerEntries(dirname(import.meta.dirname)),
    projectRoot: config.projectRoot,
    stateFolder,
    hostEnv: config.environment,
    grantModelAccess: (agentId) => broker.grant(agentId),
    emit,
  });
  return {
    ...{ config, live, emit, observers, upstreams, store, kept, keys, broker, pool, stateFolder },
    lifetime: new AbortController(),
    firstLoad: createFirstLoad(),
    localToken: newLocalToken(),
    facts: readPackageFacts(),
  };
}

function nowSeconds(): number {
  return Date.now() / 1000;
}
