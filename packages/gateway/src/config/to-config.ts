import { resolve, sep } from 'node:path';
import { toIssuers, toSecuritySettings, toUserSettings } from '../policy/settings.ts';
import type { GivenVariable } from '../protocol/module.ts';
import type { SettingSource, SourcedName, UpstreamApi } from '../protocol/records.ts';
import { withBuiltInTools } from '../tools/settings.ts';
import type { CamelKeys, Command, Config, UpstreamSettings } from './config.ts';
import type { Environment } from './environment.ts';
import type { EnvironmentSettings, Settings } from './schema.ts';
import { readTracing } from './tracing/read-tracing.ts';

/** Checked settings and what is needed to make a `Config` of them. */
export type CheckedSettings = {
  readonly projectRoot: string;
  readonly configFile: string | null;
  readonly command: Command;
  readonly settings: Settings;
  readonly environmentOnly: EnvironmentSettings;
  readonly environment: Environment;
  /** Where a setting that is set came from, by its path. */
  sourceOf(path: string): SettingSource;
  readonly notices: readonly string[];
};

/** Makes the `Config`: paths absolute, keys looked up, names in camelCase. */
export function toConfig(input: CheckedSettings): Omit<Config, 'isConfigBlank'> {
  const { settings, environmentOnly, projectRoot, environment, sourceOf } = input;
  const sourced = (key: 'model' | 'upstream'): SourcedName | null => {
    const name = settings.defaults[key];
    return name === undefined ? null : { name, source: sourceOf(`defaults.${key}`) };
  };
  const { tracing, notices: tracingNotices } = readTracing(environment);
  const sqliteFile = /^sqlite:(.+)$/.exec(settings.store_url)?.[1];
  return {
    projectRoot,
    configFile: input.configFile,
    agentRoots: [settings.agents_dir].flat().map((folder) => resolve(projectRoot, folder)),
    exportNames: settings.agent_exports,
    watch: environmentOnly.agent_watch ?? input.command === 'dev',
    namespace: settings.defaults.namespace,
    toolEvents: settings.defaults.tool_events,
    defaultModel: sourced('model'),
    defaultUpstream: sourced('upstream'),
    upstreams: mapValues(settings.upstreams, (upstream) => toUpstream(upstream, environment)),
    openAi: {
      apiKey: environmentOnly.openai_api_key ?? null,
      baseUrl: environmentOnly.openai_base_url ?? null,
      api: environmentOnly.upstream_api ?? null,
    },
    testGates: toTestGates(settings),
    ...toAgentModes(settings),
    givenVariables: toGivenVariables(settings.agents, projectRoot),
    tools: withBuiltInTools(settings.tools),
    runs: {
      ...camelKeys(settings.runs),
      record: settings.runs.record ?? (input.command === 'dev' ? 'contents' : 'steps'),
    },
    state: camelKeys(settings.state),
    approvals: camelKeys(settings.approvals),
    usage: camelKeys(settings.usage),
    security: toSecuritySettings(settings.security),
    issuers: toIssuers(settings.auth, projectRoot),
    users: toUserSettings(settings.auth.users, environment),
    server: {
      ...camelKeys(settings.server),
      shutdownDelayMs: settings.server.shutdown_delay_ms ?? (input.command === 'start' ? null : 0),
    },
    console: {
      ...camelKeys(settings.console),
      enabled: settings.console.enabled ?? input.command === 'dev',
    },
    worker: camelKeys(settings.worker),
    storeUrl: sqliteFile ? `sqlite:${resolve(projectRoot, sqliteFile)}` : settings.store_url,
    bootstrapKeyFile: environmentOnly.bootstrap_key_file
      ? resolve(projectRoot, environmentOnly.bootstrap_key_file)
      : null,
    python: environmentOnly.python?.includes(sep)
      ? resolve(projectRoot, environmentOnly.python)
      : (environmentOnly.python ?? null),
    log: { ...settings.log, format: settings.log.format ?? null },
    tracing,
    environment,
    notices: [...input.notices, ...tracingNotices],
  };
}

/** What the operator sets of how some agents serve their callers. */
function toAgentModes({ agents }: Settings) {
  const all = Object.entries(agents);
  return {
    clientTools: all.flatMap(([pattern, { client_tools: mode }]) =>
      mode === undefined ? [] : [{ agents: pattern, mode }],
    ),
    sessions: all.flatMap(([pattern, { sessions }]) =>
      sessions === undefined ? [] : [{ agents: pattern, isOn: sessions }],
    ),
    taskPrompts: all.flatMap(([pattern, { task_prompts: mode }]) =>
      mode === undefined ? [] : [{ agents: pattern, isPlain: mode === 'plain' }],
    ),
  };
}

function toTestGates({ defaults, agents }: Settings): Config['testGates'] {
  const named = Object.entries(agents).flatMap(([pattern, { tests }]) =>
    tests === undefined ? [] : [{ agents: pattern, isGate: tests === 'gate' }],
  );
  return [{ agents: '*', isGate: defaults.tests === 'gate' }, ...named];
}

function toGivenVariables(agents: Settings['agents'], projectRoot: string): GivenVariable[] {
  return Object.entries(agents).flatMap(([pattern, { env }]) =>
    Object.entries(env).map(([name, from]) => ({
      agents: pattern,
      name,
      from: 'file' in from ? { file: resolve(projectRoot, from.file) } : from,
    })),
  );
}

type RawUpstream = Settings['upstreams'][string];

function toUpstream(upstream: RawUpstream, environment: Environment): UpstreamSettings {
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
    maxFailures: upstream.max_failures,
    prices: Object.entries(upstream.prices).map(([models, { input, output, cached_input }]) => ({
      models,
      input,
      output,
      cachedInput: cached_input,
    })),
  };
}

/** API of an upstream that may not say it. */
export function apiOf({ api, base_url }: Pick<RawUpstream, 'api' | 'base_url'>): UpstreamApi {
  const isOpenAi = new URL(base_url).hostname === 'api.openai.com';
  return api ?? (isOpenAi ? 'responses' : 'chat_completions');
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
