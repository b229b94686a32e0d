import type { UpstreamApi } from '../protocol/records.ts';

/** Loose shapes of what is used of the SDK; modules bring copies from 0.1.x on, so every member may be missing. */
export type SdkTool = {
  readonly type?: string;
  readonly name?: string;
  needsApproval?: unknown;
  inputGuardrails?: unknown[];
  invoke?: (context: unknown, input: string, details?: unknown) => Promise<unknown>;
};

export type SdkAgent = {
  readonly name: string;
  readonly model?: unknown;
  readonly modelSettings?: Readonly<Record<string, unknown>>;
  /** Whether its author gave it settings; copies before 0.12 do not say. */
  readonly hasExplicitModelSettings?: () => boolean;
  readonly outputType?: unknown;
  readonly tools?: readonly unknown[];
};

export type SdkItem = {
  readonly type?: string;
  readonly rawItem?: {
    readonly type?: string;
    readonly name?: string;
    readonly callId?: string;
    readonly id?: string;
    readonly content?: unknown;
    readonly providerData?: unknown;
  };
  readonly agent?: { readonly name?: string };
};

export type SdkStreamEvent =
  | {
      readonly type: 'raw_model_stream_event';
      readonly data: {
        readonly type?: string;
        readonly delta?: string;
        readonly itemId?: string;
        readonly event?: unknown;
        readonly response?: { readonly usage?: unknown };
      };
    }
  | { readonly type: 'run_item_stream_event'; readonly name: string; readonly item: SdkItem }
  | { readonly type: 'agent_updated_stream_event'; readonly agent?: unknown };

/** A run as it goes on, which can be kept and gone on with. */
export type SdkState = {
  readonly toString?: () => string;
  readonly getInterruptions?: () => readonly SdkInterruption[];
  readonly approve?: (item: SdkInterruption, options?: object) => void;
  readonly reject?: (item: SdkInterruption, options?: object) => void;
  readonly _context?: { context?: unknown };
  readonly _generatedItems?: readonly SdkItem[];
  /** Agents as tools that wait; copies before 0.4.4 do not know how to go on with those. */
  readonly _pendingAgentToolRuns?: unknown;
};

/** A call that waits for approval. */
export type SdkInterruption = SdkItem & { readonly name?: unknown; readonly arguments?: unknown };

export type SdkResult = {
  readonly state?: SdkState;
  readonly newItems?: readonly SdkItem[];
  readonly finalOutput?: unknown;
  readonly interruptions?: readonly SdkInterruption[];
  readonly rawResponses?: readonly { readonly providerData?: unknown }[];
  readonly lastAgent?: SdkAgent;
};

export type SdkStreamedResult = SdkResult &
  AsyncIterable<SdkStreamEvent> & { readonly completed?: Promise<void> };

export type SdkRunOptions = {
  readonly stream?: boolean;
  readonly context?: unknown;
  readonly signal?: AbortSignal;
  readonly maxTurns?: number;
  /** What a model is told in place of a result; copies before 0.4.15 ask nobody. */
  readonly toolErrorFormatter?: (about: unknown) => string | undefined;
};

export type SdkRun = (
  agent: unknown,
  input: unknown,
  options?: SdkRunOptions,
) => Promise<SdkResult | SdkStreamedResult>;

export type SdkRunner = {
  run: SdkRun;
  on?: (event: string, listener: (...args: readonly unknown[]) => void) => unknown;
  readonly config?: {
    readonly modelProvider?: { readonly getModel?: (name?: string) => unknown };
  };
};

/** The SDK's run context, as far as its counters go. */
export type SdkRunContext = { readonly usage?: unknown };

/** True for what has `async *[Symbol.asyncIterator]`, a streamed result for one. */
export function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** A value's fields where it is an object, an empty record otherwise. */
export function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  const hasFields = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return hasFields ? (value as Record<string, unknown>) : {};
}

/** Id of a tool call as the SDK's `details` tell it; the tool's name where they do not. */
export function callIdOf(details: unknown, tool: unknown): string {
  const call = fieldsOf(fieldsOf(details).toolCall);
  return String(call.callId ?? call.id ?? nameOf(tool));
}

/** The API that a model of the SDK speaks; null for one that is not OpenAI's. */
export function apiOfModel(model: unknown): UpstreamApi | null {
  const name = classNameOf(model);
  if (name.includes('ChatCompletions')) return 'chat_completions';
  return name.includes('Responses') ? 'responses' : null;
}

/** Name of a tool or agent, '' where it has none. */
export function nameOf(value: unknown): string {
  return String(fieldsOf(value).name ?? '');
}

/** Constructor name of anything thrown or made: what tells classes apart across copies of the SDK. */
export function classNameOf(value: unknown): string {
  return String(fieldsOf(fieldsOf(value).constructor).name ?? '');
}
