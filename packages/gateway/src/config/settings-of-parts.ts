import type { ModuleLoad, UpstreamApi } from '../protocol/records.ts';
import type { Config } from './config.ts';

/** What decides which upstreams there are. */
export function upstreamSettings({ upstreams, defaultUpstream, openAi }: Config) {
  return {
    configured: upstreams,
    defaultUpstream: defaultUpstream?.name ?? null,
    openaiApiKey: openAi.apiKey,
    openaiBaseUrl: openAi.baseUrl,
    upstreamApi: openAi.api,
  };
}

/** What every load of a module shares, given the upstreams that came of the settings. */
export function settingsForLoads(
  { exportNames, defaultUpstream, defaultModel }: Config,
  catalog: {
    readonly upstreams: ReadonlyMap<string, { readonly api: UpstreamApi }>;
    readonly defaultUpstream: string;
    readonly source: 'config' | 'environment' | 'demo';
  },
): Pick<ModuleLoad, 'exportNames' | 'upstreams' | 'defaultUpstream' | 'defaultModel'> {
  const source = catalog.source === 'demo' ? 'default' : catalog.source;
  return {
    exportNames,
    upstreams: Object.fromEntries([...catalog.upstreams].map(([name, { api }]) => [name, api])),
    defaultUpstream: defaultUpstream ?? { name: catalog.defaultUpstream, source },
    defaultModel,
  };
}
