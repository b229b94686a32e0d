import type { Config } from '../config/config.ts';
import type { ApiKeys } from '../policy/keys/api-keys.ts';
import type { Diagnostic } from '../protocol/diagnostics.ts';

/** An agent as the commands show it. */
export type AgentStatus = {
  readonly id: string;
  readonly module_path: string;
  readonly status: string;
  /** Null where nothing of it serves. */
  readonly generation: number | null;
  readonly description: string | null;
  readonly kind: string | null;
  readonly model: { readonly name: string | null } | null;
  readonly tools: readonly string[];
};

/** A server that answers model calls. */
export type UpstreamStatus = {
  readonly name: string;
  readonly api: string;
  readonly kind: 'demo' | 'remote';
  readonly base_url: string | null;
  readonly has_key: boolean;
  readonly is_default: boolean;
};

/** What the commands need of a gateway. */
export type RunningGateway = {
  /** Loads every agent without listening; resolves when each is loaded or failed. */
  readonly load: () => Promise<unknown>;
  readonly start: () => Promise<{ readonly url: string }>;
  /** Resolves when every agent is loaded or failed, or took too long to be waited for. */
  readonly whenLoaded: () => Promise<void>;
  readonly agents: () => readonly AgentStatus[];
  readonly diagnostics: () => readonly Diagnostic[];
  readonly upstreams: () => readonly UpstreamStatus[];
  readonly keys: Pick<ApiKeys, 'register' | 'hasUsableKey'>;
  readonly close: (reason: string) => Promise<void>;
};

/** Builds a gateway; nothing runs or listens before `load` or `start`. */
export type CreateGateway = (options: {
  readonly config: Config;
  /** Reads the settings again when their files change. */
  readonly reload?: () => Promise<Config>;
  readonly log: 'readable' | 'json' | 'none';
  readonly purpose?: 'serve' | 'check';
}) => Promise<RunningGateway>;
