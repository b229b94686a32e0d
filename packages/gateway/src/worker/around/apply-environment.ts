import type { ModuleLoad } from '../../protocol/records.ts';
import { installBrokerFetch } from '../models/broker-fetch.ts';
import type { ModelLine } from '../models/model-line.ts';
import { callsAtLoad } from '../script/calls-at-load.ts';

/**
 * The module's `.env`, with the broker's variables merged in by the gateway, and its default model. Gives the `fetch` that
 * this process has from now on.
 */
export function applyEnvironment(
  load: ModuleLoad,
  env: Record<string, string | undefined>,
  line: ModelLine,
): typeof fetch {
  const model = load.defaultModel?.name;
  Object.assign(env, model ? { OPENAI_DEFAULT_MODEL: model } : {}, load.env);
  const brokerBaseUrl = load.env.OPENAI_BASE_URL;
  if (!brokerBaseUrl) return globalThis.fetch;
  installBrokerFetch({ brokerBaseUrl, token: load.env.OPENAI_API_KEY, line });
  globalThis.fetch = callsAtLoad.guardFetch(globalThis.fetch, brokerBaseUrl);
  return globalThis.fetch;
}
