import type { Inferred } from '../inferred.ts';
import type { ToolVerdict } from '../policy.ts';
import type { ModuleLoad } from '../records.ts';
import type { RunContext, RunInput } from '../run.ts';
import type { GatewayToolTable, ToolOutcome } from '../tools/gateway-tools.ts';
import type {
  fromWorkerSchemas,
  toolDecidedSchema,
  workerQuestionSchema,
} from './message-schemas.ts';

/**
 * Version of the protocol on fd 3. One JSON object per line, UTF-8; where it has `bytes`, so many raw bytes follow. Names
 * are those of these types (camelCase): events cross the boundary as they are, without a mapping on the hot path.
 */
export const protocolVersion = 3;

/** Events a worker may send for a run before it has to wait for more credit. */
export const initialCredits = 256;

/**
 * Characters of text and reasoning that a worker may be ahead of its credits with: it sends no event for a run while those
 * that are not credited yet have so many. The last one may go beyond.
 */
export const maxCharsAhead = 256 * 1024;

/** Longest line a worker may send. */
export const maxLineFromWorkerBytes = 8 * 1024 * 1024;

/** Longest line sent to a worker: above the largest body (32 MiB), escaped. */
export const maxLineToWorkerBytes = 80 * 1024 * 1024;

/** Verdicts by tool name, sent with a run; `otherwise` holds for tools not named. On `ask` the worker has to ask. */
export type ToolVerdicts = {
  readonly otherwise: ToolVerdict;
  readonly tools: Readonly<Record<string, ToolVerdict>>;
};

/** One run as a worker gets it. */
export type WorkerRun = {
  readonly runId: string;
  readonly input: RunInput;
  readonly context: RunContext;
  readonly verdicts: ToolVerdicts;
  /** Null leaves the SDK's default (10). */
  readonly maxTurns: number | null;
  /** Whether what tools are called with and give is told. */
  readonly tellsContents?: true;
  /** Whether it runs again what another did: each call of a tool is asked about first. */
  readonly replays?: true;
  /** What goes beyond is asked about before it is called; absent is without limit. */
  readonly toolLimits?: ToolLimits;
  /** Set where it goes on with a run that was interrupted; `input.items` are those that it began with. */
  readonly resume?: ResumedRun;
};

/** How a run that was interrupted goes on. What nobody decided on interrupts it again. */
export type ResumedRun = {
  /** What its `interrupted` said. */
  readonly state: string;
  readonly decisions: readonly CallDecision[];
  /** What the caller's own tools gave. */
  readonly results: readonly { readonly callId: string; readonly text: string }[];
};

/** What a person said of a call of a tool. */
export type CallDecision = {
  readonly callId: string;
  readonly approve: boolean;
  /** Of a denial: what the model is told. */
  readonly reason?: string;
  /** Whether it holds for all calls of the tool in the rest of this run. */
  readonly always?: true;
};

/** Limits of the tool calls of a run. */
export type ToolLimits = {
  readonly maxCalls?: number;
  /** Of one tool with the same arguments, in a row. */
  readonly maxRepeated?: number;
};

/** What the gateway says to a worker. */
export type ToWorker =
  | {
      readonly type: 'load';
      readonly version: number;
      readonly load: ModuleLoad;
      /** How long the load may take; without a limit where it is absent. */
      readonly timeoutMs?: number;
      /** Absent where none is known. */
      readonly tools?: GatewayToolTable;
    }
  /** The gateway's tools are others from now on. */
  | { readonly type: 'tools_changed'; readonly tools: GatewayToolTable }
  | { readonly type: 'run'; readonly run: WorkerRun; readonly credits: number }
  | { readonly type: 'credit'; readonly runId: string; readonly events: number }
  | { readonly type: 'cancel'; readonly runId: string; readonly reason: string }
  /** Verdicts in place of those that came with the run: rules changed meanwhile. They hold from the next call of a tool. */
  | { readonly type: 'decisions'; readonly runId: string; readonly verdicts: ToolVerdicts }
  | { readonly type: 'reply'; readonly callId: string; readonly result: unknown }
  | { readonly type: 'refusal'; readonly callId: string; readonly message: string }
  | ToolResult
  | ModelData
  | { readonly type: 'ping'; readonly sequence: number }
  | { readonly type: 'shutdown' };

/**
 * A part of the answer to a `call_tool`, a text for the model in UTF-8: its bytes may follow. The last part has `outcome`.
 */
export type ToolResult = {
  readonly type: 'tool_result';
  readonly callId: string;
  readonly outcome?: ToolOutcome;
};

/**
 * A part of the answer to a `model_call`; its bytes may follow. The first has status and headers, names of these in small
 * letters. None comes after the one with `end`, or with `cut`: the answer broke off.
 */
export type ModelData = {
  readonly type: 'model_data';
  readonly callId: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly end?: true;
  readonly cut?: true;
};

/** A question a worker asks, during a run or outside of any; the answer is a `reply` or a `refusal` with the same `callId`. */
export type WorkerQuestion = Inferred<typeof workerQuestionSchema>;

/**
 * What a worker made of the verdicts it has, told once for each call of a function tool it did not have to ask about.
 * A tool that runs elsewhere is told once when it is offered to the model, or withheld: nothing stops its calls later.
 * Without a run (`runId` null) only a deny is told: that of a call about which the gateway could not be asked.
 */
export type ToolDecided = Inferred<typeof toolDecidedSchema>;

type FromWorkerSchemas = typeof fromWorkerSchemas;

/** What a worker says to the gateway. */
export type FromWorker = {
  [Type in keyof FromWorkerSchemas]: { readonly type: Type } & Inferred<FromWorkerSchemas[Type]>;
}[keyof FromWorkerSchemas];

/** What a worker says of its model calls. */
export type ModelMessage = Extract<
  FromWorker,
  { type: 'model_call' | 'model_ack' | 'model_abort' }
>;

/** A worker's answer to `load`, or the same said for a worker that died over it. */
export type LoadAnswer = Extract<FromWorker, { type: 'loaded' | 'load_failed' }>;

/** Message types kept for sessions and approvals; a peer that gets one answers nothing. */
export const reservedMessageTypes = [
  'session_get',
  'session_add',
  'session_clear',
  'state',
  'interrupted',
] as const;
