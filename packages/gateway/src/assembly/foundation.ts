import { join } from 'node:path';
import { createLiveConfig, type LiveConfig } from '../config/live-config.ts';
import { readOwnPackage } from '../config/own-package.ts';
import { upstreamSettings } from '../config/settings-of-parts.ts';
import { createEvents } from '../observability/event-emitter.ts';
import type { Measured } from '../observability/metrics/gauges.ts';
import { createObservers } from '../observability/observers.ts';
import { createSecrets } from '../observability/secrets.ts';
import { createUnreadRoom } from '../protocol/unread-room.ts';
import { createReadiness } from '../registry/readiness.ts';
import { nullStore, openGatewayStore } from '../storage/gateway-store.ts';
import { measureStore } from '../storage/measure-store.ts';
import { newLocalToken } from '../storage/running-gateway.ts';
import { breakerStatesOf } from '../upstreams/health/breaker-states.ts';
import { createUpstreamHealth } from '../upstreams/health/upstream-health.ts';
import { createLiveUpstreams } from '../upstreams/upstream-catalog.ts';
import type { GatewayOptions } from './contract.ts';
import { addSecretsOf } from './hide-secrets.ts';
import { createShutdownDelay } from './shutdown-delay.ts';
import { openTraces } from './traces.ts';

/** What everything else stands on: settings, events and their listeners, the store. */
export type Foundation = Awaited<ReturnType<typeof createFoundation>>;

const clocks = { nowMs: Date.now, steadyMs: () => performance.now() };

/**
 * Opens the store and makes what listens to events.
 *
 * @param measured - Asked when metrics are.
 * @throws StoreError or UpstreamSettingsError, which say what is wrong and what to do.
 */
export async function createFoundation(
  options: GatewayOptions,
  measured: Pick<Measured, 'workers' | 'budgetsLeft'>,
) {
  const { config, reload, log: form, asTyped = (text) => text, purpose = 'serve' } = options;
  const events = createEvents();
  const secrets = createSecrets();
  addSecretsOf(secrets.own, config);
  const live = createLiveConfig(config, async () =>
    addSecretsOf(secrets.own, await (reload?.() ?? config)),
  );
  const upstreams = createLiveUpstreams(upstreamSettings(config), options);
  const health = createUpstreamHealth({ ...clocks, emit: events.emit });
  const settingMs = config.server.shutdownDelayMs;
  const stateFolder = join(config.projectRoot, '.dropgate');
  const opened = await openGatewayStore(config.storeUrl, stateFolder);
  const store = measureStore(opened, (use) => events.emit({ type: 'store_used', ...use }));
  const kept = purpose === 'serve' ? store : nullStore;
  const unread = createUnreadRoom((owner, kind) =>
    events.emit({ type: 'unread_refused', owner, kind }),
  );
  const observers = createObservers({
    ...keptFor(live.current),
    events,
    store: kept,
    isShared: store.isShared,
    log: { ...config.log, form: form === 'none' ? form : (config.log.format ?? form), asTyped },
    measured: {
      ...measured,
      unreadBytes: unread.heldBytes,
      upstreams: () => breakerStatesOf(upstreams.current(), health),
    },
    secrets,
  });
  const ownPackage = readOwnPackage();
  const traced = { events, secrets, version: ownPackage.version, upstreams: upstreams.current };
  const traces = await openTraces(purpose === 'serve' ? config.tracing : null, traced);
  const readiness = createReadiness();
  return {
    config,
    purpose,
    live,
    ...events,
    nowSeconds: () => Date.now() / 1000,
    secrets,
    unread,
    upstreams,
    health,
    stateFolder,
    store,
    kept,
    observers,
    lifetime: new AbortController(),
    readiness,
    shutdownDelay: createShutdownDelay({ settingMs, ready: readiness.state }),
    localToken: newLocalToken(),
    ownPackage,
    traces,
  };
}

/** How much is kept of what was noted, and for how long: as the settings say when it is looked at. */
function keptFor(settings: LiveConfig['current']) {
  return {
    keep: () => settings().security.decisions,
    keepUsageDays: () => settings().usage.keepDays,
    runs: () => settings().runs,
  };
}
