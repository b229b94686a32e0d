import type { Inferred } from './inferred.ts';
import type {
  failureDetailSchema,
  provenanceSchema,
  runEventSchema,
  usageSchema,
} from './run-events.ts';

/**
 * One part of a message. An image has a `url` (`http(s):` or `data:`) or a `fileId`, a file one of these or `data`, a data
 * URL or bare base64. Nothing of it is ever fetched by the gateway.
 */
export type InputPart =
  | { readonly type: 'text'; readonly text: string }
  | {
      readonly type: 'image';
      readonly url?: string;
      readonly fileId?: string;
      readonly detail?: 'auto' | 'low' | 'high';
    }
  | { readonly type: 'audio'; readonly data: string; readonly format: string }
  | {
      readonly type: 'file';
      readonly url?: string;
      readonly fileId?: string;
      readonly data?: string;
      readonly filename?: string;
    };

/**
 * What an agent can be sent beside text. `file_id` is a file by its id: it may be any of the upstream's account,
 * whoever put it there, so an agent takes them only where it says so.
 */
export const inputMedia = ['image', 'audio', 'file', 'file_id'] as const;

export type InputMedium = (typeof inputMedia)[number];

/**
 * One message of the conversation, oldest first. `system` text is layered onto the agent's instructions. Tool calls are
 * those of the history, each with its result somewhere after it; `arguments` is JSON as a model wrote it.
 */
export type InputItem =
  | { readonly role: 'system'; readonly text: string }
  | { readonly role: 'user'; readonly parts: readonly InputPart[] }
  | { readonly role: 'assistant'; readonly text: string }
  | {
      readonly role: 'tool_call';
      readonly callId: string;
      readonly name: string;
      readonly arguments: string;
    }
  | {
      readonly role: 'tool_result';
      readonly callId: string;
      readonly name: string;
      readonly text: string;
    }
  /** A person was asked about a call of a tool. For callers; no model is shown it. */
  | {
      readonly role: 'approval_request';
      readonly approvalId: string;
      readonly name: string;
      readonly arguments: string;
    }
  /** What a person said of it. */
  | {
      readonly role: 'approval';
      readonly approvalId: string;
      readonly approve: boolean;
      readonly reason?: string;
      readonly always?: true;
    };

/** Model settings a caller asked for; each is passed on only where the agent allows it. */
export type RunSettings = {
  /** Cap of one model turn, not of the run; always passed on. */
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly topP?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly seed?: number;
  readonly stop?: readonly string[];
  readonly parallelToolCalls?: boolean;
  readonly reasoningEffort?: string;
  readonly verbosity?: string;
  readonly serviceTier?: string;
};

const settings: Readonly<Record<keyof RunSettings, true>> = {
  maxOutputTokens: true,
  temperature: true,
  topP: true,
  presencePenalty: true,
  frequencyPenalty: true,
  seed: true,
  stop: true,
  parallelToolCalls: true,
  reasoningEffort: true,
  verbosity: true,
  serviceTier: true,
};

/** Names of all of them. */
export const runSettingNames = Object.keys(settings) as readonly (keyof RunSettings)[];

/** A function that the caller calls itself. */
export type ClientTool = {
  readonly name: string;
  readonly description?: string;
  /** JSON schema of an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly strict: boolean;
};

/** Which tools a model has to call: any, none, at least one, or the one of this name. */
export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

/** The form a caller wants the final answer in. */
export type OutputFormat =
  | { readonly type: 'text' }
  | { readonly type: 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly name: string;
      readonly schema: Readonly<Record<string, unknown>>;
      readonly strict: boolean;
    };

/** What a run is asked to do, in no client's dialect. */
export type RunInput = {
  /** Model id as the caller wrote it (`default/sampleagent` or `sampleagent`). */
  readonly modelId: string;
  readonly items: readonly InputItem[];
  readonly settings: RunSettings;
  readonly outputFormat: OutputFormat;
  /** True where text is wanted as it comes; false where only the whole answer is. */
  readonly streamed: boolean;
  /** True where the caller sent tools of its own. */
  readonly clientTools: boolean;
  /** The caller's own tools that the agent may use: a call of one interrupts the run. */
  readonly offeredTools?: readonly ClientTool[];
  /** Which of its tools the first turn has to call, where the caller says so. */
  readonly toolChoice?: ToolChoice;
  /** What is wrong with the tools that the caller sent; of matter where the agent would be offered them. */
  readonly toolsProblem?: { readonly message: string; readonly param: string };
  /** Set where some of the caller's tools are none that it could call itself: those are left out. */
  readonly leavesTools?: true;
  readonly user?: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Where the conversation so far is with one agent, its id: another is not asked. */
  readonly boundTo?: string;
  /** Whether its end tells what it added to the conversation. */
  readonly tellsItems?: true;
  /** Where it is said, by which an answer to what it asks is known to be one; absent where only ids tell. */
  readonly place?: { readonly conversationId: string | null; readonly prefixHash: string | null };
};

/** What a module sees of its run: `context` of a plain `run` object and of the SDK's run context. */
export type RunContext = {
  readonly request_id: string;
  readonly run_id: string;
  readonly key: { readonly id: string; readonly name: string };
  readonly user?: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly model_id: string;
};

/** Token counts of a whole run, summed over its model calls. */
export type Usage = Inferred<typeof usageSchema>;

/** Counts of nothing. */
export const noUsage: Usage = Object.freeze({
  requests: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  reasoningTokens: 0,
});

/** Where a tool runs and who executes it. */
export type Provenance = Inferred<typeof provenanceSchema>;

/** What went wrong inside a worker, for the log and admins; no caller sees it. */
export type FailureDetail = Inferred<typeof failureDetailSchema>;

/**
 * What a run says while it happens, from the agent's process to whoever asked, in order.
 * Exactly one of `finished`, `failed`, `interrupted` comes, and it comes last.
 */
export type RunEvent = Inferred<typeof runEventSchema>;

/** The types of event that end a run. */
const lastEventTypes = ['finished', 'failed', 'interrupted'] as const;

/** The event that ends a run. */
export type LastEvent = Extract<RunEvent, { type: (typeof lastEventTypes)[number] }>;

/** True for the event after which a run says nothing more. */
export function isLastEvent(event: RunEvent): event is LastEvent {
  return (lastEventTypes as readonly string[]).includes(event.type);
}

/** The run in which something was decided. */
export type DecidedRun = { readonly runId: string; readonly generation: number };

/** The run that a request began. */
export type BegunRun = DecidedRun & { readonly agentId: string; readonly modulePath: string };
