import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Config } from './config/settle.ts';
import { createEvents } from './events.ts';
import type { KeyHolder } from './http/deps.ts';
import { createServer, type HttpServer } from './http/server.ts';
import { createLog } from './observability/log.ts';
import { createRecentErrors } from './observability/recent-errors.ts';
import { createUsageMeter } from './observability/usage.ts';
import { type ApiKeys, createApiKeys } from './policy/api-keys.ts';
import { createAuthorize, principalOf } from './policy/authorize.ts';
import { decide } from './policy/decide.ts';
import { builtInRules } from './policy/rules.ts';
import { createPool } from './pool/pool.ts';
import type { Diagnostic } from './protocol/diagnostics.ts';
import type { Caller, ModuleLoad, Question } from './protocol/records.ts';
import { type AgentStatus, agentStatus } from './registry/agent-status.ts';
import { createCatalog } from './registry/catalog.ts';
import { createFirstLoad } from './registry/first-load.ts';
import { createGenerations } from './registry/generations.ts';
import { createLoadAgent } from './registry/load-agent.ts';
import { toModelInfo } from './registry/model-info.ts';
import { createSyncAgents, type RefreshReport } from './registry/sync-agents.ts';
import { createStartRun } from './runs/start-run.ts';
import { announceGateway, newLocalToken, withdrawGateway } from './storage/running-gateway.ts';
import { openStore } from './storage/sql-store.ts';
import { createBroker } from './upstreams/broker.ts';
import { resolveUpstreams, type UpstreamCatalog } from './upstreams/catalog.ts';
import { describeUpstreams, type UpstreamInfo } from './upstreams/upstream-info.ts';

export type GatewayOptions = {
  readonly config: Config;
  /** `readable` on stderr for a person, `json` on stdout for machines, or none. */
  readonly log: 'readable' | 'json' | 'none';
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
async function createParts({ config, log: form }: GatewayOptions) {
  const { emit, listen } = createEvents();
  const recent = createRecentErrors(() => new Date().toISOString());
  const usage = createUsageMeter();
  const log = createLog({
    level: form === 'none' ? 'silent' : config.logLevel,
    form: form === 'json' ? 'json' : 'readable',
  });
  for (const { listener } of [recent, usage, log]) listen(listener);
  const upstreams = upstreamsOf(config);
  const store = await openStore(config.storeUrl);
  const version = () => store.version();
  const keys = createApiKeys({ store: store.keys, version, nowSeconds, emit });
  const broker = createBroker({ ...upstreams, emit });
  const stateFolder = join(config.projectRoot, '.dropgate');
  const pool = createPool({
    settings: config.worker,
    workerEntries: { node: workerEntry() },
    projectRoot: config.projectRoot,
    stateFolder,
    hostEnv: config.environment,
    grantModelAccess: (agentId) => broker.grant(agentId),
    emit,
  });
  const lifetime = new AbortController();
  const firstLoad = createFirstLoad();
  const localToken = newLocalToken();
  return {
    ...{ config, emit, recent, usage, log, upstreams, store, keys, broker, stateFolder, pool },
    ...{ lifetime, firstLoad, localToken },
  };
}

/** The verbs, joined with what they need. */
function createDomain(parts: Parts) {
  const { config, emit, pool, lifetime, stateFolder } = parts;
  const catalog = createCatalog();
  const authorize = createAuthorize({ rules: () => builtInRules, nowSeconds, emit });
  const decideNow = (question: Question) => decide(builtInRules, question, nowSeconds());
  const { projectRoot, agentRoots: roots, namespace: defaultNamespace } = config;
  const sync = createSyncAgents({
    discovery: { projectRoot, roots, defaultNamespace },
    catalog,
    load: createLoadAgent({
      prepare: pool.prepare,
      retire: pool.retire,
      generations: createGenerations(join(stateFolder, 'generations')),
      settings: loadSettings(parts),
      nowMs: Date.now,
      signal: lifetime.signal,
    }),
    retire: pool.retire,
    authorize: (question) => authorize(question, null),
    emit,
  });
  const startRun = createStartRun({
    find: catalog.find,
    authorize,
    decide: decideNow,
    run: pool.run,
    isDraining: () => lifetime.signal.aborted,
    settings: { runTimeoutMs: config.worker.runTimeoutMs, toolEvents: config.toolEvents },
    emit,
  });
  const agents = () =>
    catalog.list().map((entry) => agentStatus(entry, diagnosticsOf(parts, entry.module.agentId)));
  const canSee = (caller: Caller, agentId: string) =>
    decideNow({ principal: principalOf(caller), action: 'list_agents', resource: agentId })
      .answer === 'allow';
  const models = (caller: Caller) =>
    catalog
      .list()
      .filter(({ module }) => canSee(caller, module.agentId))
      .flatMap(toModelInfo);
  return { sync, startRun, agents, models, authorize };
}

function createHttp(parts: Parts, domain: Domain): HttpServer {
  const { config, lifetime, firstLoad, recent, usage, emit } = parts;
  const { bodyLimitMb, corsOrigins, trustProxy } = config.server;
  return createServer({
    authenticate: (secret) => holderOf(parts, secret),
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
      errors: recent.query,
      refresh: domain.sync,
      upstreams: () => ({ upstreams: describeUpstreams(parts.upstreams) }),
      usage: usage.report,
    },
    readiness: () => (lifetime.signal.aborted ? 'draining' : firstLoad.state()),
    emit,
    settings: {
      bodyLimitBytes: bodyLimitMb * 1024 * 1024,
      corsOrigins,
      trustProxy,
      version: readVersion(),
    },
  });
}

function createLifecycle(parts: Parts, domain: Domain, server: HttpServer): Gateway {
  const { config, emit, keys, broker, pool, recent, firstLoad, stateFolder } = parts;
  let closing: Promise<void> | null = null;

  async function load(): Promise<RefreshReport> {
    await broker.start();
    await pool.start();
    return domain.sync({ force: false });
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
    diagnostics: () => recent.query({ limit: 500 }).errors,
    refresh: domain.sync,
    upstreams: () => describeUpstreams(parts.upstreams),
    keys,
    close(reason) {
      closing ??= close(parts, server, reason);
      return closing;
    },
  };
}

/** Last in, first out: callers, then runs and processes, then what they stood on. */
async function close(parts: Parts, server: HttpServer, reason: string): Promise<void> {
  const { config, emit, lifetime, pool, broker, keys, store, log, stateFolder } = parts;
  const { drainTimeoutMs } = config.worker;
  emit({ type: 'gateway_stopping', reason });
  lifetime.abort(new Error('The gateway is stopping.'));
  await server.drain(drainTimeoutMs);
  await pool.close(drainTimeoutMs);
  await broker.close();
  keys.close();
  await store.close();
  await withdrawGateway(stateFolder, process.pid);
  log.flush();
}

function nowSeconds(): number {
  return Date.now() / 1000;
}

/** The program of a worker, compiled where this file is. */
function workerEntry(): string {
  return join(import.meta.dirname, 'worker', `main${extname(import.meta.filename)}`);
}

function readVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function upstreamsOf(config: Config): UpstreamCatalog {
  return resolveUpstreams({
    configured: config.upstreams,
    defaultUpstream: config.defaultUpstream?.name ?? null,
    openaiApiKey: config.openAi.apiKey,
    openaiBaseUrl: config.openAi.baseUrl,
    upstreamApi: config.openAi.api,
  });
}

function loadSettings({
  config,
  upstreams,
}: Parts): Pick<ModuleLoad, 'exportNames' | 'upstreams' | 'defaultUpstream' | 'defaultModel'> {
  const source = upstreams.source === 'demo' ? 'default' : upstreams.source;
  return {
    exportNames: config.exportNames,
    upstreams: Object.fromEntries([...upstreams.upstreams].map(([name, { api }]) => [name, api])),
    defaultUpstream: config.defaultUpstream ?? { name: upstreams.defaultUpstream, source },
    defaultModel: config.defaultModel,
  };
}

function diagnosticsOf({ recent }: Parts, agentId: string): readonly Diagnostic[] {
  return recent.query({ agent: agentId, limit: 500 }).errors;
}

function holderOf({ keys, localToken }: Parts, secret: string): KeyHolder | null {
  if (equalInConstantTime(secret, localToken)) {
    const scopes = { namespaces: null, agents: null };
    return { keyId: 'local_cli', keyName: 'cli', role: 'admin', ...scopes };
  }
  const key = keys.authenticate(secret);
  if (!key) return null;
  const { id: keyId, name: keyName, role, namespaces, agents } = key;
  return { keyId, keyName, role, namespaces, agents };
}

function equalInConstantTime(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
