import type { FailureCode } from '../errors.ts';
import type { RunCaller } from './policy.ts';
import type { ModuleLoad } from './records.ts';
import type { RunEvent, Usage } from './run.ts';
import type { RunEnding } from './run-ending.ts';
import type { RunSink } from './run-sink.ts';
import type { GatewayToolResult } from './tools/tool-call.ts';
import type { RunTrace } from './trace.ts';
import type { ToolDecided, ToolVerdicts, WorkerQuestion, WorkerRun } from './worker/messages.ts';
import type { ModelChannel, TakeModelMessage } from './worker/model-channel.ts';

/** One run as the pool gets it. */
export type PoolRun = {
  readonly run: WorkerRun;
  readonly keyId: string;
  /** The trace that it is part of. */
  readonly trace?: RunTrace;
  /** Whom it is for, as rules are asked. */
  readonly caller: RunCaller;
  /** Cancels the run. A `GatewayError` as reason becomes its failure, anything else `run_cancelled`. */
  readonly signal: AbortSignal;
  /** The pool ends it with the last event, as soon as that is known: whether or not it has been read. */
  readonly ending: RunEnding;
  /** Called once when a worker gets it: of a run that ends before, nothing has happened. */
  readonly onTaken?: () => void;
  /** Sees each event but the last as it happens, whether or not its reader is behind. */
  readonly onEvent?: (event: RunEvent) => void;
  /** Answers a question that the worker asks during the run; a rejection refuses it. */
  readonly answer: (question: WorkerQuestion) => Promise<WorkerAnswer>;
  /** Called with what the worker made of the verdicts. */
  readonly onToolDecided?: (decided: ToolDecided) => void;
};

/** The answer to a question: a value, or what came of a tool. */
export type WorkerAnswer =
  | { readonly type: 'value'; readonly value: unknown }
  | ({ readonly type: 'tool' } & Pick<GatewayToolResult, 'outcome' | 'text'>);

/** A worker that does something of which it cannot tell for which run it is: a queue, timer or thread of the module's. */
export type OutsideWork = {
  readonly load: Pick<ModuleLoad, 'agentId' | 'modulePath'>;
  /** Of the runs it has, and of those it had, these without their requests: it may be for any of them. */
  readonly callers: readonly RunCaller[];
};

/** Answers for work outside of runs. */
export type OutsideRuns = {
  /** Answers a question and records the decision; a rejection refuses it. */
  readonly answer: (work: OutsideWork, question: WorkerQuestion) => Promise<WorkerAnswer>;
  /** Records what the worker denied by itself. */
  readonly onToolDecided: (work: OutsideWork, decided: ToolDecided) => void;
};

/** A run that the pool has taken. */
export type LiveRun = {
  /** Sends its events there, to exactly one last event; once. Those that come before wait, as far as credit goes. */
  readonly sendTo: (sink: RunSink) => void;
  /** Puts other verdicts on its tools in place. */
  readonly decide: (verdicts: ToolVerdicts) => void;
};

/** Where a run comes from: said with its model calls, to the log and to upstreams. */
export type RunOrigin = {
  readonly requestId: string;
  readonly trace?: RunTrace;
  readonly modulePath: string;
  readonly generation: number;
  /** For whom of its key's users, as the request said. */
  readonly user?: string;
  /** Under which what that user uses is counted, where the key forwards its users. */
  readonly userAccount?: string;
};

/** One worker's way to the models: where its calls go, and the token that is worth something only there. */
export type ModelAccess = {
  readonly baseUrl: string;
  readonly token: string;
  /** Answers the calls that come over the worker's channel, until the token ends. */
  readonly answerOver: (channel: ModelChannel) => TakeModelMessage;
  /** Sends its later calls to another upstream; a name that is unknown fails each call. */
  readonly setUpstream: (name: string) => void;
  readonly startRun: (runId: string, keyId: string, origin?: RunOrigin) => void;
  /** What the run's calls that are over have cost, as metered where they pass; null for a run that is not live. */
  readonly usageOf: (runId: string) => Usage | null;
  /** Whether a call of the run, which is live, was refused with this code. */
  readonly hasRefused: (runId: string, code: FailureCode) => boolean;
  /** Ends the run's claim on the models and aborts the calls it still has open. */
  readonly endRun: (runId: string) => void;
  /** Ends the token and aborts its open calls. */
  readonly revoke: () => void;
};

/** What a worker is in, from its start to its end. */
export const workerStates = ['spare', 'loading', 'ready', 'draining'] as const;

export type WorkerState = (typeof workerStates)[number];

/** A worker as the pool describes it; a spare has neither agent nor generation. */
export type WorkerInfo = {
  readonly pid: number;
  readonly agentId: string | null;
  readonly generation: number | null;
  readonly state: WorkerState;
  readonly activeRuns: number;
  readonly rssMb: number | null;
  /** How long its event loop took to answer the last ping. */
  readonly lagMs: number | null;
  readonly startedAtSeconds: number;
};

/**
 * Why a worker ended: asked to (`evicted`, `retired`, `shutdown`), killed (`stalled`, `memory`, `processes`,
 * `overstayed` where a run went on after it was ended, `protocol`, `load_timeout`), or by itself (`exited` with any code, `crashed` by a signal or an error nobody caught).
 */
export type WorkerEndReason =
  | 'evicted'
  | 'retired'
  | 'shutdown'
  | 'stalled'
  | 'memory'
  | 'processes'
  | 'overstayed'
  | 'protocol'
  | 'load_timeout'
  | 'exited'
  | 'crashed';
