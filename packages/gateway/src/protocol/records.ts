import { z } from 'zod';
import { findingSchema } from './diagnostics.ts';
import type { Inferred } from './inferred.ts';
import { type Language, languages } from './module.ts';
import { inputMedia, runSettingNames } from './run.ts';
import { runLimitsFields } from './usage/run-limits.ts';

/** OpenAI's two APIs for model calls. */
export const upstreamApis = ['responses', 'chat_completions'] as const;

export type UpstreamApi = (typeof upstreamApis)[number];

/** How callers see an agent's tool calls in a stream. */
export const toolEventsModes = ['off', 'reasoning', 'extension', 'openwebui'] as const;

export type ToolEventsMode = (typeof toolEventsModes)[number];

/**
 * What becomes of tools that a caller sends: they are left out, the request is refused, or the agent may call them and the
 * caller makes the call.
 */
export const clientToolsModes = ['ignore', 'reject', 'forward'] as const;

export type ClientToolsMode = (typeof clientToolsModes)[number];

/** What becomes of a prompt of a chat client's own: a run like any other, or one call of the agent's model. */
export const taskPromptModes = ['run', 'plain'] as const;

/** How a guardrail's stop is answered: a 200 with `content_filter`, or a 400. */
export const guardrailResponses = ['content_filter', 'error'] as const;

export type GuardrailResponse = (typeof guardrailResponses)[number];

/** Where relative paths of a module begin: its own folder, or the one the gateway was started in. */
export const workingFolders = ['agent', 'project'] as const;

const names = z.array(z.string());

/** `__gateway__` of a module after checking, defaults not filled in. */
export const moduleSettingsSchema = z.object({
  /** Name, at the top level of the module, of the agent to serve. */
  agent: z.string().exactOptional(),
  model: z.string().exactOptional(),
  upstream: z.string().exactOptional(),
  displayName: z.string().exactOptional(),
  description: z.string().exactOptional(),
  /** Names of gateway tools given to the agent. */
  tools: names.exactOptional(),
  toolEvents: z.enum(toolEventsModes).exactOptional(),
  clientTools: z.enum(clientToolsModes).exactOptional(),
  /** Which settings of a request reach the model; `maxOutputTokens` always does. */
  clientSettings: z.array(z.enum(runSettingNames)).exactOptional(),
  /** What the agent takes beside text. Default: image and file. */
  accepts: z.array(z.enum(inputMedia)).exactOptional(),
  guardrailResponse: z.enum(guardrailResponses).exactOptional(),
  /** Whether chat requests that name a session are turns of a conversation that is kept. */
  sessions: z.boolean().exactOptional(),
  /** What becomes of a chat client's own prompts, for titles and the like. */
  taskPrompts: z.enum(taskPromptModes).exactOptional(),
  maxTurns: z.number().positive().exactOptional(),
  timeoutMs: z.number().positive().exactOptional(),
  /** Fewer runs at once than the gateway allows. */
  maxConcurrentRuns: z.number().positive().exactOptional(),
  /** Of each run. */
  limits: runLimitsFields.exactOptional(),
  /** Default: agent. */
  cwd: z.enum(workingFolders).exactOptional(),
  /** Files read with `fs` that reload the module when they change. */
  watch: names.exactOptional(),
});

export type ModuleSettings = Inferred<typeof moduleSettingsSchema>;

const toolDescriptionSchema = z.object({
  name: z.string(),
  /** `function`, `gateway` for one that the gateway executes, or the SDK's own type of a hosted or computer tool. */
  type: z.string(),
  description: z.string().nullable(),
  needsApproval: z.boolean(),
});

export type ToolDescription = Inferred<typeof toolDescriptionSchema>;

const agentDescriptionSchema = z.object({
  name: z.string(),
  model: z.string().nullable(),
  tools: z.array(toolDescriptionSchema),
  /** Names of the agents it can hand off to. */
  handoffs: names,
  inputGuardrails: names,
  outputGuardrails: names,
  /** `text`, or the name of its output schema. */
  outputType: z.string(),
  mcpServers: names,
});

export type AgentDescription = Inferred<typeof agentDescriptionSchema>;

/** More local files than any module is made of, and a worker may name. */
export const MODULE_FILES_LIMIT = 10_000;

const loadedFileSchema = z.object({
  path: z.string(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A file that a generation is made of: absolute path and SHA-256 of the exact bytes loaded. */
export type LoadedFile = Inferred<typeof loadedFileSchema>;

const source = z.enum(['__gateway__', 'agent', 'config', 'environment', 'default']);

/** Where an effective setting came from. */
export type SettingSource = Inferred<typeof source>;

const sourcedNameSchema = z.object({ name: z.string(), source });

/** A name in effect, and where it came from. */
export type SourcedName = Inferred<typeof sourcedNameSchema>;

/** The effective model; `name` is null where the SDK's default holds. */
const sourcedModelSchema = z.object({ name: z.string().nullable(), source });

/** A tool that a module gives, as its SDK describes it. */
const moduleToolSchema = z.object({
  description: z.string(),
  /** JSON schema of its arguments, an object. */
  parameters: z.record(z.string(), z.unknown()),
});

/** What runs a worker. */
export const runtimeSchema = z.object({ name: z.enum(languages), version: z.string() });

/** What a loaded module turned out to be. */
export const manifestSchema = z.object({
  kind: z.enum(['agent', 'workflow', 'runnable', 'tool']),
  /** Name of the export that became the agent. */
  exportName: z.string(),
  exports: names,
  /** The agents of its handoff graph, the exported one first; empty for a plain `run` object. */
  agents: z.array(agentDescriptionSchema),
  /** Of a module that gives a tool: what models are told of it. */
  tool: moduleToolSchema.exactOptional(),
  settings: moduleSettingsSchema,
  /** Names of the gateway tools that it uses, wherever; absent in records of before there were any. */
  gatewayTools: names.exactOptional(),
  /** Of the exported agent. */
  model: sourcedModelSchema,
  upstream: sourcedNameSchema,
  /** The SDK copy that the module's own file resolved, if any. */
  sdk: z.object({ version: z.string(), path: z.string(), own: z.boolean() }).nullable(),
  runtime: runtimeSchema,
  /** Local files imported, the entry first; packages are not listed. */
  files: z.array(loadedFileSchema).max(MODULE_FILES_LIMIT),
  warnings: z.array(findingSchema),
  loadMs: z.number().nonnegative(),
});

export type Manifest = Inferred<typeof manifestSchema>;

/** What a module's export is. */
export type AgentKind = Manifest['kind'];

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

/** That an operator went back to a generation: it serves until the files change again. */
export type Pin = {
  /** Unix seconds. */
  readonly sinceSeconds: number;
  /** Id of the key that did. */
  readonly by: string;
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
  /** Of all that it is made of, its `.env` too: the same version is kept once. */
  readonly filesHash: string;
  /** Unix seconds. */
  readonly loadedAtSeconds: number;
  /** Of the one that serves; absent in records that are older than pins. */
  readonly pinned?: Pin | null;
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
  /** Name of the module's folder (`SampleAgent`), or of the tool that it gives. */
  readonly name: string;
  /** What is wanted of it. Absent: an agent. */
  readonly serves?: 'tool';
  /**
   * Set where it runs again what was recorded, in a worker apart: one that is `closed` reaches nothing outside, from before
   * its module is imported.
   */
  readonly replay?: 'closed' | 'open';
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
