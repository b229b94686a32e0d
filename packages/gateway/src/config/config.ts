import type { Issuer, SecuritySettings, UserSettings } from '../policy/settings.ts';
import type { RecordLevel } from '../protocol/journal/journal.ts';
import type { GivenVariable } from '../protocol/module.ts';
import type {
  ClientToolsMode,
  SourcedName,
  ToolEventsMode,
  UpstreamApi,
} from '../protocol/records.ts';
import type { TracingSettings } from '../protocol/trace.ts';
import type { ToolSettings } from '../tools/settings.ts';
import type { Environment } from './environment.ts';
import type { Settings } from './schema.ts';

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
  readonly maxFailures: number;
  /** By a glob over model names. US dollars per million tokens. */
  readonly prices: readonly {
    readonly models: string;
    readonly input: number;
    readonly output: number;
    readonly cachedInput: number | undefined;
  }[];
};

type CamelCase<Key extends string> = Key extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Key;

/** A section of the settings, its keys in camelCase. */
export type CamelKeys<Section> = {
  readonly [Key in keyof Section as CamelCase<Key & string>]: Section[Key];
};

/** Every setting, checked, in camelCase. It holds secrets: never log it whole. */
export type Config = {
  readonly projectRoot: string;
  /** Absolute; null where there is none. */
  readonly configFile: string | null;
  /** The file is there, and there is nothing in it: whoever writes it may not be done. */
  readonly isConfigBlank: boolean;
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
  /** Which agents serve new versions only where their cases pass: of `defaults` and `agents`, the last that fits holds. */
  readonly testGates: readonly { readonly agents: string; readonly isGate: boolean }[];
  /** What becomes of tools that callers send, as the operator says; the last that fits holds. */
  readonly clientTools: readonly { readonly agents: string; readonly mode: ClientToolsMode }[];
  /** Which agents have sessions, as the operator says, in the order of `agents`: the last that fits holds. */
  readonly sessions: readonly { readonly agents: string; readonly isOn: boolean }[];
  /** Which agents' models answer the prompts of chat clients, likewise. */
  readonly taskPrompts: readonly { readonly agents: string; readonly isPlain: boolean }[];
  /** Of `agents`, in its order. */
  readonly givenVariables: readonly GivenVariable[];
  /** Gateway tools by name, those that need no setting too. */
  readonly tools: Readonly<Record<string, ToolSettings>>;
  readonly runs: {
    readonly record: RecordLevel;
    readonly keepDays: number;
    readonly keepMb: number;
  };
  readonly state: CamelKeys<Settings['state']>;
  readonly approvals: CamelKeys<Settings['approvals']>;
  readonly usage: CamelKeys<Settings['usage']>;
  readonly security: SecuritySettings;
  /** Who makes tokens that callers may have in place of a key. */
  readonly issuers: readonly Issuer[];
  /** How keys that forward their users name them. */
  readonly users: UserSettings;
  readonly server: Omit<CamelKeys<Settings['server']>, 'shutdownDelayMs'> & {
    /** Null where what is asked of `/readyz` decides. */
    readonly shutdownDelayMs: number | null;
  };
  readonly console: Omit<CamelKeys<Settings['console']>, 'enabled'> & { readonly enabled: boolean };
  readonly worker: CamelKeys<Settings['worker']>;
  /** `sqlite:<absolute path>`, or what follows another scheme. */
  readonly storeUrl: string;
  /** Absolute; null where GATEWAY_BOOTSTRAP_KEY_FILE is not set. */
  readonly bootstrapKeyFile: string | null;
  /** GATEWAY_PYTHON: an absolute path, or a name looked up in PATH; null where it is not set. */
  readonly python: string | null;
  readonly log: Omit<Settings['log'], 'format'> & {
    /** Null where the command decides. */
    readonly format: 'readable' | 'json' | null;
  };
  /** Null where no traces are made. */
  readonly tracing: TracingSettings | null;
  /** The environment with `.env` below it, for what workers get of it. */
  readonly environment: Environment;
  /** Things that look like settings but are not read, as sentences. */
  readonly notices: readonly string[];
};
