import { resolve, sep } from 'node:path';
import { type SecuritySettings, settleSecurity } from '../policy/settings.ts';
import type {
  SettingSource,
  SourcedName,
  ToolEventsMode,
  UpstreamApi,
} from '../protocol/records.ts';
import type { ConfigProblem } from './config-error.ts';
import type { Environment } from './environment.ts';
import { type Origin, problemAt } from './problems.ts';
import type { EnvironmentSettings, Settings } from './schema.ts';

/** The command the settings are for; it decides defaults such as whether agents are watched. */
export type Command = 'dev' | 'start' | 'check' | 'keys' | 'new';

/** An upstream of `gateway.yaml`. */
export type UpstreamSettings = {
  readonly baseUrl: string;
  /** Null where no variable is named, or the one named is not set. */
  readonly apiKey: string | null;
  readonly apiKeyEnv: string | null;
  readonly api: UpstreamApi;
  readonly timeoutMs: number;
  /** Glob over model names → name sent. */
  readonly modelAliases: Readonly<Record<string, string>>;
  /** Another upstream that speaks the same API. */
  readonly fallback: string | null;
  readonly maxRetries: number;
};

type CamelCase<Key extends string> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Key;

type CamelKeys<Section> = {
  readonly [Key in keyof Section as CamelCase<Key & string>]: Section[Key];
};

/** Every setting, checked, in camelCase. It holds secrets: never log it whole. */
export type Config = {
  readonly projectRoot: string;
  /** Absolute; null where there is none. */
  readonly configFile: string | null;
  /** Absolute, in order of precedence. They need not exist. */
  readonly agentRoots: readonly string[];
  readonly exportNames: readonly string[];
  readonly watch: boolean;
  readonly namespace: string;
  readonly toolEvents: ToolEventsMode;
  /** Null leaves the model to the SDK. */
  readonly defaultModel: SourcedName | null;
  /** Null leaves the choice among the upstreams to their catalog. */
  readonly defaultUpstream: SourcedName | null;
  /** Upstreams of `gateway.yaml`, in its order; with none of them, `openAi` names the only one. */
  readonly upstreams: Readonly<Record<string, UpstreamSettings>>;
  /** What OPENAI_API_KEY, OPENAI_BASE_URL and GATEWAY_UPSTREAM_API say. */
  readonly openAi: {
    readonly apiKey: string | null;
    readonly baseUrl: string | null;
    readonly api: UpstreamApi | null;
  };
  readonly security: SecuritySettings;
  readonly server: CamelKeys<Settings['server']>;
  readonly worker: CamelKeys<Settings['worker']>;
  /** `sqlite:<absolute path>`, or what follows another scheme. */
  readonly storeUrl: string;
  /** Absolute; null where GATEWAY_BOOTSTRAP_KEY_FILE is not set. */
  readonly bootstrapKeyFile: string | null;
  /** GATEWAY_PYTHON: an absolute path, or a name looked up in PATH; null where it is not set. */
  readonly python: string | null;
  readonly logLevel: Settings['log']['level'];
  /** The environment with `.env` below it, for what workers get of it. */
  readonly environment: Environment;
  /** Things that look like settings but are not read, as sentences. */
  readonly notices: readonly string[];
};

/** Checked settings and what is needed to make a `Config` of them. */
export type Unsettled = {
  readonly projectRoot: string;
  readonly configFile: string | null;
  readonly command: Command;
  readonly settings: Settings;
  readonly only: EnvironmentSettings;
  readonly environment: Environment;
  /** Where a setting that is set came from, by its path. */
  sourceOf(path: string): SettingSource;
  readonly notices: readonly string[];
};

/** Makes the `Config`: paths absolute, keys looked up, names in camelCase. */
export function settle(input: Unsettled): Config {
  const { settings, only, projectRoot, environment, sourceOf } = input;
  const sourced = (key: 'model' | 'upstream'): SourcedName | null => {
    const name = settings.defaults[key];
    return name === undefined ? null : { name, source: sourceOf(`defaults.${key}`) };
  };
  const sqliteFile = /^sqlite:(.+)$/.exec(settings.store_url)?.[1];
  return {
    projectRoot,
    configFile: input.configFile,
    agentRoots: [settings.agents_dir].flat().map((folder) => resolve(projectRoot, folder)),
    exportNames: settings.agent_exports,
    watch: only.agent_watch ?? input.command === 'dev',
    namespace: settings.defaults.namespace,
    toolEvents: settings.defaults.tool_events,
    defaultModel: sourced('model'),
    defaultUpstream: sourced('upstream'),
    upstreams: mapValues(settings.upstreams, (upstream) => settleUpstream(upstream, environment)),
    openAi: {
      apiKey: only.openai_api_key ?? null,
      baseUrl: only.openai_base_url ?? null,
      api: only.upstream_api ?? null,
    },
    security: settleSecurity(settings.security),
    server: camelKeys(settings.server),
    worker: camelKeys(settings.worker),
    storeUrl: sqliteFile ? `sqlite:${resolve(projectRoot, sqliteFile)}` : settings.store_url,
    bootstrapKeyFile: only.bootstrap_key_file
      ? resolve(projectRoot, only.bootstrap_key_file)
      : null,
    python: only.python?.includes(sep) ? resolve(projectRoot, only.python) : (only.python ?? null),
    logLevel: settings.log.level,
    environment,
    notices: [...input.notices, ...missingApiKeys(settings, environment)],
  };
}

/** Names of upstreams that point nowhere, or at one that speaks another API. */
export function wrongReferences(
  settings: Settings,
  only: EnvironmentSettings,
  origin: Origin,
): ConfigProblem[] {
  const configured = Object.entries(settings.upstreams);
  const problems: ConfigProblem[] = [];
  const names = upstreamNames(settings, only);
  const { upstream } = settings.defaults;
  if (upstream !== undefined && !names.includes(upstream)) {
    const hint =
      upstream === 'openai' && configured.length === 0 ? ' Set OPENAI_API_KEY to have it.' : '';
    const message = `There is no upstream ${JSON.stringify(upstream)}. Allowed: ${names.join(', ')}.${hint}`;
    problems.push(problemAt(['defaults', 'upstream'], message, origin, 'value'));
  }
  for (const [name, { fallback, ...asking }] of configured) {
    if (fallback === undefined) continue;
    const possible = configured.filter(
      ([other, { fallback: _, ...answering }]) =>
        other !== name && apiOf(answering) === apiOf(asking),
    );
    if (possible.some(([other]) => other === fallback)) continue;
    const others = possible.map(([other]) => other).join(', ') || 'none here';
    const message = `A fallback is another upstream that speaks ${apiOf(asking)}. Allowed: ${others}.`;
    problems.push(problemAt(['upstreams', name, 'fallback'], message, origin, 'value'));
  }
  return problems;
}

function upstreamNames(settings: Settings, only: EnvironmentSettings): string[] {
  const configured = Object.keys(settings.upstreams);
  if (configured.length > 0) return [...configured, 'demo'];
  return only.openai_api_key || only.openai_base_url ? ['openai', 'demo'] : ['demo'];
}

type RawUpstream = Settings['upstreams'][string];

function settleUpstream(upstream: RawUpstream, environment: Environment): UpstreamSettings {
  const { api_key_env: apiKeyEnv } = upstream;
  return {
    baseUrl: upstream.base_url.replace(/\/+$/, ''),
    apiKey: (apiKeyEnv && environment[apiKeyEnv]?.trim()) || null,
    apiKeyEnv: apiKeyEnv ?? null,
    api: apiOf(upstream),
    timeoutMs: upstream.timeout_ms,
    modelAliases: upstream.model_aliases,
    fallback: upstream.fallback ?? null,
    maxRetries: upstream.max_retries,
  };
}

function apiOf({ api, base_url }: Pick<RawUpstream, 'api' | 'base_url'>): UpstreamApi {
  const isOpenAi = new URL(base_url).hostname === 'api.openai.com';
  return api ?? (isOpenAi ? 'responses' : 'chat_completions');
}

function missingApiKeys(settings: Settings, environment: Environment): string[] {
  return Object.entries(settings.upstreams).flatMap(([name, { api_key_env: variable }]) =>
    variable && !environment[variable]?.trim()
      ? [`${variable} is not set, so upstream ${name} is called without a key.`]
      : [],
  );
}

function camelKeys<Section extends Readonly<Record<string, unknown>>>(
  section: Section,
): CamelKeys<Section> {
  const entries = Object.entries(section).map(([key, value]) => [
    key.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(entries) as CamelKeys<Section>;
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  change: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
