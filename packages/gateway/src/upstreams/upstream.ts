import type { UpstreamApi } from '../protocol/records.ts';
import type { Rates } from './prices/price.ts';

/** A server that speaks OpenAI's API. */
export type RemoteUpstream = {
  readonly type: 'remote';
  readonly name: string;
  /** Absolute, without a slash at its end: `https://api.openai.com/v1`. */
  readonly baseUrl: string;
  /** Sent as `Authorization: Bearer`; null for servers that want none. */
  readonly apiKey: string | null;
  readonly api: UpstreamApi;
  /** Longest silence allowed: until the first byte, and between two. */
  readonly timeoutMs: number;
  /** Glob over the name asked for → name sent. The first that matches holds. */
  readonly modelAliases: Readonly<Record<string, string>>;
  /** Name of the upstream that is tried when this one fails before its first byte. */
  readonly fallback: string | null;
  /** How often a request is sent again before it counts as failed. */
  readonly maxRetries: number;
  /** Failed calls in a row after which it is left alone for a while; 0 for never. */
  readonly maxFailures: number;
  /** Prices of its own, by a glob over the names of models. The first that matches holds. */
  readonly prices: readonly (Rates & { readonly models: string })[];
};

/** The embedded demo model: no server, no key, both APIs. */
export type DemoUpstream = {
  readonly type: 'demo';
  readonly name: string;
  readonly api: UpstreamApi;
};

export type Upstream = RemoteUpstream | DemoUpstream;
