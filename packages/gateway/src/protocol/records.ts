import type { Finding } from './diagnostics.ts';
import type { Language } from './module.ts';
import type { InputMedium, RunSettings } from './run.ts';

/** OpenAI's two APIs for model calls. */
export const upstreamApis = ['responses', 'chat_completions'] as const;

export type UpstreamApi = (typeof upstreamApis)[number];

/** How callers see an agent's tool calls in a stream. */
export const toolEventsModes = ['off', 'reasoning', 'extension'] as const;

export type ToolEventsMode = (typeof toolEventsModes)[number];

/** What becomes of tools that a caller sends: they are left out, or the request is refused. */
export const clientToolsModes = ['ignore', 'reject'] as const;

export type ClientToolsMode = (typeof clientToolsModes)[number];

/** How a guardrail's stop is answered: a 200 with `content_filter`, or a 400. */
export const guardrailResponses = ['content_filter', 'error'] as const;

export type GuardrailResponse = (typeof guardrailResponses)[number];

/** `__gateway__` of a module after checking, defaults not filled in. */
export type ModuleSettings = {
  readonly model?: string;
  readonly upstream?: string;
  readonly displayName?: string;
  readonly description?: string;
  /** Names of gateway tools given to the agent. */
  readonly tools?: readonly string[];
  readonly toolEvents?: ToolEventsMode;
  readonly clientTools?: ClientToolsMode;
  /** Which settings of a request reach the model; `maxOutputTokens` always does. */
  readonly clientSettings?: readonly (keyof RunSettings)[];
  /** What the agent takes beside text. Default: image and file. */
  readonly accepts?: readonly InputMedium[];
  readonly guardrailResponse?: GuardrailResponse;
  readonly maxTurns?: number;
  readonly timeoutMs?: number;
  /** Fewer runs at once than the gateway allows. */
  readonly maxConcurrentRuns?: number;
  /** Files read with `fs` that reload the module when they change. */
  readonly watch?: readonly string[];
};

export type ToolDescription = {
  readonly name: string;
  /** `function`, or the SDK's own type of a hosted or computer tool. */
  readonly type: string;
  readonly description: string | null;
  readonly needsApproval: boolean;
};

export type AgentDescription = {
  readonly name: string;
  readonly model: string | null;
  readonly tools: readonly ToolDescription[];
  /** Names of the agents it can hand off to. */
  readonly handoffs: readonly string[];
  readonly inputGuardrails: readonly string[];
  readonly outputGuardrails: readonly string[];
  /** `text`, or the name of its output schema. */
  readonly outputType: string;
  readonly mcpServers: readonly string[];
};

/** A file that a generation is made of: absolute path and SHA-256 of the exact bytes loaded. */
export type LoadedFile = { readonly path: string; readonly sha256: string };

/** Where an effective setting came from. */
export const settingSources = ['__gateway__', 'agent', 'config', 'environment', 'default'] as const;

export type SettingSource = (typeof settingSources)[number];

/** A name in effect, and where it came from. */
export type SourcedName = { readonly name: string; readonly source: SettingSource };

/** The effective model; `name` is null where the SDK's default holds. */
export type SourcedModel = { readonly name: string | null; readonly source: SettingSource };

/** What a module can turn out to be. */
export const moduleKinds = ['agent', 'workflow', 'runnable'] as const;

/** What a loaded module turned out to be. */
export type Manifest = {
  readonly kind: (typeof moduleKinds)[number];
  /** Name of the export that became the agent. */
  readonly exportName: string;
  readonly exports: readonly string[];
  /** The agents of its handoff graph, the exported one first; empty for a plain `run` object. */
  readonly agents: readonly AgentDescription[];
  readonly settings: ModuleSettings;
  /** Of the exported agent. */
  readonly model: SourcedModel;
  readonly upstream: SourcedName;
  /** The SDK copy that the module's own file resolved, if any. */
  readonly sdk: { readonly version: string; readonly path: string; readonly own: boolean } | null;
  readonly runtime: { readonly name: Language; readonly version: string };
  /** Local files imported, the entry first; packages are not listed. */
  readonly files: readonly LoadedFile[];
  readonly warnings: readonly Finding[];
  readonly loadMs: number;
};

/**
 * One file as it was when it was loaded. `size` is -1 and `sha256` empty where it did not exist; `changedMs` is the
 * time of its last change of any kind, or 0 where only its content can tell whether it changed since. `mtimeMs` is for
 * people: tools set it as they like.
 */
export type FilePrint = {
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
  readonly changedMs: number;
  readonly sha256: string;
};

/** A generation as kept for the next start. Bytes, those of its `.env` too, are kept by hash beside the store. */
export type StoredGeneration = {
  readonly agentId: string;
  readonly modulePath: string;
  readonly generation: number;
  /** What else it was loaded under (Node, SDK, settings), as a hash: other conditions, another description. */
  readonly conditions: string;
  readonly manifest: Manifest;
  readonly prints: readonly FilePrint[];
  /** SHA-256 of its `.env`; null where it had none. */
  readonly envSha256: string | null;
  /** Unix seconds. */
  readonly loadedAtSeconds: number;
};

/** Everything a worker needs to load one generation of one module. Paths are absolute. */
export type ModuleLoad = {
  readonly agentId: string;
  readonly generation: number;
  readonly language: Language;
  /** The Python that runs it; null for the gateway's own Node. */
  readonly interpreter: string | null;
  /** Entry below the project root, for messages. */
  readonly modulePath: string;
  readonly entry: string;
  readonly folder: string;
  /** Name of the module's folder (`SampleAgent`). */
  readonly name: string;
  /** Export names tried first, in order. */
  readonly exportNames: readonly string[];
  /** Of the module's `.env`. */
  readonly env: Readonly<Record<string, string>>;
  /** Path → SHA-256 of bytes kept in `keptFolder`; null loads from disk. */
  readonly kept: Readonly<Record<string, string>> | null;
  readonly keptFolder: string;
  /** API that each upstream speaks, by its name; `__gateway__.upstream` picks among them. */
  readonly upstreams: Readonly<Record<string, UpstreamApi>>;
  readonly defaultUpstream: SourcedName;
  /** Model for agents that name none; null leaves it to the SDK. */
  readonly defaultModel: SourcedName | null;
};
