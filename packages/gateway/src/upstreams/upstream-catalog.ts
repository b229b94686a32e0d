import type { UpstreamInfo } from '../protocol/admin/upstreams-answer.ts';
import type { UpstreamApi } from '../protocol/records.ts';
import type { RemoteUpstream, Upstream } from './upstream.ts';

const OPENAI_BASE_URL = 'https://api.openai.com/v1';
const DEFAULT_TIMEOUT_MS = 300_000;
const DEFAULT_MAX_RETRIES = 2;
const DEFAULT_MAX_FAILURES = 5;
const DEMO_NAME = 'demo';

/** One entry of `upstreams` in `gateway.yaml`, its key already read from the environment. */
export type ConfiguredUpstream = {
  readonly baseUrl: string;
  readonly apiKey: string | null;
  /** Absent: `responses` for OpenAI's own server, `chat_completions` for any other. */
  readonly api?: UpstreamApi | null | undefined;
  readonly timeoutMs?: number | null | undefined;
  readonly modelAliases?: Readonly<Record<string, string>> | null | undefined;
  readonly fallback?: string | null | undefined;
  readonly maxRetries?: number | null | undefined;
  readonly maxFailures?: number | null | undefined;
  readonly prices?: RemoteUpstream['prices'] | undefined;
};

/** What decides which upstreams there are. The environment counts only where nothing is configured. */
export type UpstreamSettings = {
  readonly configured: Readonly<Record<string, ConfiguredUpstream>>;
  readonly defaultUpstream: string | null;
  readonly openaiApiKey: string | null;
  readonly openaiBaseUrl: string | null;
  readonly upstreamApi: UpstreamApi | null;
};

export type UpstreamCatalog = {
  readonly upstreams: ReadonlyMap<string, Upstream>;
  readonly defaultUpstream: string;
  readonly source: 'config' | 'environment' | 'demo';
};

/** Settings of upstreams that contradict each other. Stops the start. */
export class UpstreamSettingsError extends Error {
  override readonly name = 'UpstreamSettingsError';
  /** Dotted path of the setting: `upstreams.local.fallback`. */
  readonly path: string;

  constructor(path: string, message: string) {
    super(message);
    this.path = path;
  }
}

/**
 * Settles the upstreams: those configured, else the one the environment describes, else the demo
 * model. The demo model can also be asked for by name as the default.
 *
 * @throws UpstreamSettingsError for an unknown default, an address that is no HTTP URL, or a
 *   fallback that is unknown or speaks another API.
 */
function resolveUpstreams(settings: UpstreamSettings): UpstreamCatalog {
  const { source, remotes } = findRemotes(settings);
  const upstreams = new Map<string, Upstream>(remotes.map((remote) => [remote.name, remote]));
  for (const remote of remotes) checkFallback(remote, upstreams);
  if (source === 'demo' || (settings.defaultUpstream === DEMO_NAME && !upstreams.has(DEMO_NAME))) {
    upstreams.set(DEMO_NAME, { type: 'demo', name: DEMO_NAME, api: 'responses' });
  }
  return { upstreams, defaultUpstream: chooseDefault(settings, upstreams), source };
}

/** The upstreams while the gateway runs. */
export type LiveUpstreams = {
  readonly current: () => UpstreamCatalog;
  /**
   * Puts other upstreams in place; calls under way end where they began.
   *
   * @throws UpstreamSettingsError; the old ones stay then.
   */
  readonly replace: (settings: UpstreamSettings) => void;
};

/**
 * @param options.demoModels - The demo model answers in place of each.
 * @throws UpstreamSettingsError
 */
export function createLiveUpstreams(
  settings: UpstreamSettings,
  { demoModels = false }: { readonly demoModels?: boolean } = {},
): LiveUpstreams {
  const resolve = (wanted: UpstreamSettings) =>
    demoModels ? withDemoModels(resolveUpstreams(wanted)) : resolveUpstreams(wanted);
  let current = resolve(settings);
  return {
    current: () => current,
    replace(wanted) {
      current = resolve(wanted);
    },
  };
}

/** Each keeps its name and its API, since agents ask for these. */
function withDemoModels({ upstreams, ...rest }: UpstreamCatalog): UpstreamCatalog {
  const demos = [...upstreams].map(
    ([name, { api }]) => [name, { type: 'demo', name, api }] as const,
  );
  return { ...rest, upstreams: new Map(demos) };
}

/** The upstreams of a gateway, in their order. */
export function describeUpstreams({ upstreams, defaultUpstream }: UpstreamCatalog): UpstreamInfo[] {
  return [...upstreams.values()].map((upstream) => ({
    name: upstream.name,
    kind: upstream.type,
    api: upstream.api,
    base_url: upstream.type === 'remote' ? upstream.baseUrl : null,
    has_key: upstream.type === 'remote' && upstream.apiKey !== null,
    is_default: upstream.name === defaultUpstream,
  }));
}

function findRemotes(settings: UpstreamSettings): {
  source: UpstreamCatalog['source'];
  remotes: RemoteUpstream[];
} {
  const configured = Object.entries(settings.configured);
  if (configured.length > 0) {
    return {
      source: 'config',
      remotes: configured.map(([name, entry]) => remoteUpstream(name, entry, `upstreams.${name}`)),
    };
  }
  const { openaiApiKey: apiKey, openaiBaseUrl, upstreamApi: api } = settings;
  if (!apiKey && !openaiBaseUrl) return { source: 'demo', remotes: [] };
  const entry = { baseUrl: openaiBaseUrl || OPENAI_BASE_URL, apiKey: apiKey || null, api };
  return { source: 'environment', remotes: [remoteUpstream('openai', entry, 'OPENAI_BASE_URL')] };
}

function remoteUpstream(name: string, entry: ConfiguredUpstream, path: string): RemoteUpstream {
  const url = URL.parse(entry.baseUrl);
  if (!url || !/^https?:$/.test(url.protocol) || url.search || url.username) {
    throw new UpstreamSettingsError(
      path.startsWith('upstreams.') ? `${path}.base_url` : path,
      `"${entry.baseUrl}" is no address of an upstream: write it like ${OPENAI_BASE_URL}.`,
    );
  }
  return {
    type: 'remote',
    name,
    baseUrl: url.href.replace(/\/+$/, ''),
    apiKey: entry.apiKey,
    api: entry.api ?? (url.hostname === 'api.openai.com' ? 'responses' : 'chat_completions'),
    timeoutMs: entry.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    modelAliases: entry.modelAliases ?? {},
    fallback: entry.fallback ?? null,
    maxRetries: entry.maxRetries ?? DEFAULT_MAX_RETRIES,
    maxFailures: entry.maxFailures ?? DEFAULT_MAX_FAILURES,
    prices: entry.prices ?? [],
  };
}

function checkFallback(remote: RemoteUpstream, upstreams: ReadonlyMap<string, Upstream>): void {
  if (remote.fallback === null) return;
  const path = `upstreams.${remote.name}.fallback`;
  const fallback = upstreams.get(remote.fallback);
  if (!fallback || fallback === remote) {
    const others = [...upstreams.keys()].filter((name) => name !== remote.name);
    throw new UpstreamSettingsError(
      path,
      `"${remote.fallback}" is no other upstream: ${choices(others)}`,
    );
  }
  if (fallback.api !== remote.api) {
    throw new UpstreamSettingsError(
      path,
      `"${fallback.name}" speaks ${fallback.api} and "${remote.name}" speaks ${remote.api}: a fallback must speak the same API.`,
    );
  }
}

function chooseDefault(
  settings: UpstreamSettings,
  upstreams: ReadonlyMap<string, Upstream>,
): string {
  const wanted = settings.defaultUpstream;
  if (wanted !== null && !upstreams.has(wanted)) {
    throw new UpstreamSettingsError(
      'defaults.upstream',
      `"${wanted}" is no upstream: ${choices([...upstreams.keys()])}`,
    );
  }
  return wanted ?? (upstreams.has('openai') ? 'openai' : ([...upstreams.keys()][0] ?? DEMO_NAME));
}

function choices(names: readonly string[]): string {
  return names.length > 0 ? `choose one of ${names.join(', ')}.` : 'there is none to choose.';
}
