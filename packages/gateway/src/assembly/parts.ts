import { dirname, join } from 'node:path';
import { createLiveConfig } from '../config/live-config.ts';
import { readPackageFacts } from '../config/package-facts.ts';
import { upstreamSettings } from '../config/settings-of-parts.ts';
import { createEvents } from '../events.ts';
import { createObservers } from '../observability/observers.ts';
import { createRedactor } from '../observability/redact.ts';
import { createFollowStore } from '../policy/follow-store.ts';
import { createLivePolicy } from '../policy/live-policy.ts';
import { createPool } from '../pool/pool.ts';
import { workerEntries } from '../pool/process/runtimes.ts';
import { workerUser } from '../pool/process/worker-user.ts';
import { createFirstLoad } from '../registry/readiness.ts';
import { openGatewayStore } from '../storage/gateway-store.ts';
import { keepsNothing } from '../storage/keeps-nothing.ts';
import { newLocalToken } from '../storage/running-gateway.ts';
import { createBroker } from '../upstreams/broker/broker.ts';
import { createLiveUpstreams } from '../upstreams/live-upstreams.ts';
import type { GatewayOptions } from './contract.ts';
import { createKeyParts } from './keys.ts';
import { createReloadSettings } from './reload-settings.ts';
import { environmentForWorkers, hideSecrets, learnSettings } from './secrets.ts';

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
  const secrets = createRedactor();
  learnSettings(secrets, config);
  const live = createLiveConfig(config, async () =>
    learnSettings(secrets, await (reload?.() ?? config)),
  );
  const upstreams = createLiveUpstreams(upstreamSettings(config));
  const stateFolder = join(config.projectRoot, '.dropgate');
  const store = await openGatewayStore(config.storeUrl, stateFolder);
  const kept = purpose === 'serve' ? store : keepsNothing;
  const observers = createObservers({
    ...{ events, store: kept },
    keep: () => live.current().security.decisions,
    log: { level: config.logLevel, form },
    workers: () => pool.workers(),
    redact: secrets.deep,
  });
  const followStore = createFollowStore({ store, nowMs: Date.now, emit });
  const security = () => live.current().security;
  const policy = createLivePolicy({
    settings: config.security,
    overrides: store.overrides,
    ...{ followStore, nowSeconds },
  });
  const keyParts = createKeyParts({ store, followStore, security, nowSeconds, emit });
  const broker = createBroker({ ...upstreams.current(), budget: keyParts.budgets, emit });
  const pool = hideSecrets(
    createPool({
      settings: config.worker,
      workerEntries: workerEntries(dirname(import.meta.dirname)),
      projectRoot: config.projectRoot,
      stateFolder,
      hostEnv: environmentForWorkers(config),
      user: workerUser(config.worker),
      grantModelAccess: (agentId) => broker.grant(agentId),
      emit,
    }),
    secrets,
  );
  return {
    ...{ config, live, emit, observers, upstreams, store, kept, broker, pool, stateFolder },
    ...{ followStore, policy, ...keyParts },
    reloadSettings: createReloadSettings({ live, upstreams, policy, emit }),
    lifetime: new AbortController(),
    firstLoad: createFirstLoad(),
    localToken: newLocalToken(),
    facts: readPackageFacts(),
  };
}

function nowSeconds(): number {
  return Date.now() / 1000;
}
