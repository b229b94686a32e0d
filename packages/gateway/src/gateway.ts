import { join } from 'node:path';
import { createLiveConfig } from './config/live-config.ts';
import { readPackageFacts } from './config/package-facts.ts';
import { loadSettings, upstreamSettings } from './config/settings-of-parts.ts';
import type { Config } from './config/settle.ts';
import { createEvents } from './events.ts';
import { createServer, type HttpServer } from './http/server.ts';
import { createObservers } from './observability/observers.ts';
import { type ApiKeys, createApiKeys } from './policy/api-keys.ts';
import { type Authorize, createAuthorize, principalOf } from './policy/authorize.ts';
import { decide } from './policy/decide.ts';
import { createIdentify } from './policy/identify.ts';
import { builtInRules } from './policy/rules.ts';
import { createPool } from './pool/pool.ts';
import { workerEntries } from './pool/runtimes.ts';
import type { Diagnostic } from './protocol/diagnostics.ts';
import type { Caller, Question } from './protocol/policy.ts';
import { type AgentStatus, agentStatus } from './registry/agent-status.ts';
import { createCatalog } from './registry/catalog.ts';
import { createFirstLoad } from './registry/first-load.ts';
import { createGenerations } from './registry/generations.ts';
import { createLastKnownGood } from './registry/last-known-good.ts';
import { createLoadAgent } from './registry/load-agent.ts';
import { toModelInfo } from './registry/model-info.ts';
import { conditionsOf } from './registry/module-load.ts';
import { createModuleRuntimes } from './registry/module-runtime.ts';
import { createSyncAgents, type RefreshReport, type SyncAgents } from './registry/sync-agents.ts';
import { createWatch } from './registry/watch.ts';
import { createStartRun } from './runs/start-run.ts';
import { keepsNothing } from './storage/keeps-nothing.ts';
import { announceGateway, newLocalToken, withdrawGateway } from './storage/running-gateway.ts';
import { openStore } from './storage/sql-store.ts';
import { createBroker } from './upstreams/broker.ts';
import { createLiveUpstreams } from './upstreams/live-upstreams.ts';
import { describeUpstreams, type UpstreamInfo } from './upstreams/upstream-info.ts';

export type GatewayOptions = {
  readonly config: Config;
  /** Reads the settings again when their files change; throws `ConfigError`. Absent: they never change. */
  readonly reload?: () => Promise<Config>;
  /** `readable` on stderr for a person, `json` on stdout for machines, or none. */
  readonly log: 'readable' | 'json' | 'none';
  /** `check` loads everything anew and keeps nothing. Default `serve`. */
  readonly purpose?: 'serve' | 'check';
};

/** A gateway: everything between the callers and the agents of one project. */
export type Gateway = {
  /** Loads every agent, without listening; resolves when each is loaded or failed. */
  readonly load: () => Promise<RefreshReport>;
  /** Listens, and begins to load. Rejects where the address is taken. */
  readonly start: () => Promise<{ readonly url: string }>;
  /** Resolves when every agent is loaded or failed, or 10 s after the start. */
  readonly whenLoaded: () => Promise<void>;
  readonly agents: () => readonly AgentStatus[];
  /** What is wrong, newest first. */
  readonly diagnostics: () => readonly Diagnostic[];
  readonly refresh: (options: { readonly force: boolean }) => Promise<RefreshReport>;
  readonly upstreams: () => readonly UpstreamInfo[];
  readonly keys: ApiKeys;
  /** Drains, ends every process, closes the store. A second call waits for the first. */
  readonly close: (reason: string) => Promise<void>;
};

/**
 * Builds a gateway from its settings; nothing is listened to or run before `load` or `start`.
 *
 * @throws StoreError or UpstreamSettingsError, which say what is wrong and what to do.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const parts = await createParts(options);
  const domain = createDomain(parts);
  return createLifecycle(parts, domain, createHttp(parts, domain));
}

type Parts = Awaited<ReturnType<typeof createParts>>;
type Domain = ReturnType<typeof createDomain>;

/** The parts that know nothing of each other. */
async function createParts({ config, reload, log: form, purpose = 'serve' }: GatewayOptions) {
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
    workerEntries: workerEntries(import.meta.dirname),
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

/** Which agents there are, and how they follow their files. */
function createRegistry(parts: Parts, authorize: Authorize) {
  const { config, live, emit, pool, lifetime, stateFolder, facts, kept } = parts;
  const { projectRoot, agentRoots: roots, namespace: defaultNamespace, python } = config;
  const catalog = createCatalog();
  const generations = createGenerations(join(stateFolder, 'generations'));
  const settings = () => loadSettings(live.current(), parts.upstreams.current());
  const conditions = () =>
    conditionsOf(settings(), [process.version, facts.version, facts.sdkVersion, python ?? '']);
  const { prepare, retire } = pool;
  const { environment } = config;
  const runtimes = createModuleRuntimes({ stateFolder, python, environment });
  const sync = createSyncAgents({
    discovery: { projectRoot, roots, defaultNamespace },
    load: createLoadAgent({
      ...{ prepare, retire, generations, settings, conditions, ...runtimes },
      ...{ nowMs: Date.now, signal: lifetime.signal },
    }),
    lastKnownGood: createLastKnownGood({
      ...{ store: kept.generations, generations, settings, ...runtimes, emit },
    }),
    authorize: (question) => authorize(question, null),
    onSynced: (files) => watch?.setExtraFiles([...files, ...live.files]),
    ...{ catalog, conditions, retire, emit },
  });
  const watch = config.watch
    ? createWatch({
        roots,
        onBatch: (changed) => void follow(parts, sync, changed),
        onFault: (error) => emit({ type: 'fault_survived', where: 'watching the agents', error }),
      })
    : null;
  return { catalog, sync, watch };
}

/** Makes a batch of changed files live: the settings first, then the agents. */
async function follow(
  { live, upstreams, emit }: Parts,
  sync: SyncAgents,
  changed: ReadonlySet<string>,
): Promise<void> {
  try {
    if (live.files.some((file) => changed.has(file))) {
      const findings = await live.reload();
      upstreams.replace(upstreamSettings(live.current()));
      const about = { agentId: null, modulePath: live.path, servingGeneration: null };
      emit({ type: 'findings_reported', ...about, findings });
    }
    await sync({ force: false, changed });
  } catch (error) {
    emit({ type: 'fault_survived', where: 'reload', error });
  }
}

/** The verbs, joined with what they need. */
function createDomain(parts: Parts) {
  const { live, emit, pool, lifetime, observers } = parts;
  const authorize = createAuthorize({ rules: () => builtInRules, nowSeconds, emit });
  const decideNow = (question: Question) => decide(builtInRules, question, nowSeconds());
  const { catalog, sync, watch } = createRegistry(parts, authorize);
  const startRun = createStartRun({
    find: catalog.find,
    authorize,
    decide: decideNow,
    run: pool.run,
    isDraining: () => lifetime.signal.aborted,
    settings: () => {
      const { worker, toolEvents } = live.current();
      return { runTimeoutMs: worker.runTimeoutMs, toolEvents };
    },
    emit,
  });
  const diagnosticsOf = (agent: string) =>
    observers.recentErrors.query({ agent, limit: 500 }).errors;
  const agents = () =>
    catalog.list().map((entry) => agentStatus(entry, diagnosticsOf(entry.module.agentId)));
  const canSee = (caller: Caller, agentId: string) =>
    decideNow({ principal: principalOf(caller), action: 'list_agents', resource: agentId })
      .answer === 'allow';
  const models = (caller: Caller) =>
    catalog
      .list()
      .filter(({ module }) => canSee(caller, module.agentId))
      .flatMap(toModelInfo);
  return { sync, watch, startRun, agents, models, authorize };
}

function createHttp(parts: Parts, domain: Domain): HttpServer {
  const { config, lifetime, firstLoad, observers, emit } = parts;
  const { recentErrors, recentRuns, usage } = observers;
  const { bodyLimitMb, corsOrigins, trustProxy } = config.server;
  return createServer({
    authenticate: createIdentify(parts),
    startRun: domain.startRun,
    listModels: async (caller) => {
      await firstLoad.done;
      return domain.models(caller);
    },
    mayAdminister: (caller, resource) => {
      const question = { principal: principalOf(caller), action: 'administer', resource } as const;
      return domain.authorize(question, caller.requestId).answer === 'allow';
    },
    admin: {
      agents: domain.agents,
      errors: recentErrors.query,
      refresh: domain.sync,
      upstreams: () => ({ upstreams: describeUpstreams(parts.upstreams.current()) }),
      usage: usage.report,
      runs: () => ({ runs: recentRuns.list() }),
    },
    readiness: () => (lifetime.signal.aborted ? 'draining' : firstLoad.state()),
    emit,
    settings: {
      bodyLimitBytes: bodyLimitMb * 1024 * 1024,
      corsOrigins,
      trustProxy,
      version: parts.facts.version,
    },
  });
}

function createLifecycle(parts: Parts, domain: Domain, server: HttpServer): Gateway {
  const { config, emit, keys, broker, pool, observers, firstLoad, stateFolder } = parts;
  let closing: Promise<void> | null = null;

  async function load(): Promise<RefreshReport> {
    await broker.start();
    await pool.start();
    await observers.keepErrors.restore();
    await domain.watch?.start();
    return domain.sync({ force: false, leaveEdits: !config.watch });
  }

  async function start(): Promise<{ url: string }> {
    await keys.start();
    const url = await server.listen(config.server);
    const { pid } = process;
    await announceGateway(stateFolder, { pid, address: url, token: parts.localToken });
    emit({ type: 'gateway_started', url, pid });
    firstLoad.begin(
      load().catch((error: unknown) => {
        if (parts.lifetime.signal.aborted) return;
        emit({ type: 'fault_survived', where: 'first load', error });
      }),
    );
    return { url };
  }

  return {
    load,
    start,
    whenLoaded: () => firstLoad.done,
    agents: domain.agents,
    diagnostics: () => observers.recentErrors.query({ limit: 500 }).errors,
    refresh: domain.sync,
    upstreams: () => describeUpstreams(parts.upstreams.current()),
    keys,
    close(reason) {
      closing ??= close(parts, { server, domain, reason });
      return closing;
    },
  };
}

/** Last in, first out: callers, then runs and processes, then what they stood on. */
async function close(
  parts: Parts,
  { server, domain, reason }: { server: HttpServer; domain: Domain; reason: string },
): Promise<void> {
  const { config, emit, lifetime, pool, broker, keys, observers, store, stateFolder } = parts;
  const { drainTimeoutMs } = config.worker;
  emit({ type: 'gateway_stopping', reason });
  lifetime.abort(new Error('The gateway is stopping.'));
  await domain.watch?.close();
  await server.drain(drainTimeoutMs);
  await pool.close(drainTimeoutMs);
  await broker.close();
  keys.close();
  await observers.keepErrors.flush();
  await store.close();
  await withdrawGateway(stateFolder, process.pid);
  observers.log.flush();
}

function nowSeconds(): number {
  return Date.now() / 1000;
}
