import type { Manifest } from '../protocol/records.ts';
import type { RunContext, RunEvent, RunInput } from '../protocol/run.ts';
import type {
  ResumedRun,
  ToolDecided,
  ToolVerdicts,
  WorkerQuestion,
} from '../protocol/worker/messages.ts';
import type { ToolCount } from './tools/tool-count.ts';

/**
 * Namespace of one copy of `@openai/agents` (or `-core`). Loose on purpose: modules bring copies from 0.1.x on,
 * so whatever is used of it is tested for first.
 */
export type SdkCopy = Readonly<Record<string, unknown>>;

/** A module after loading: what is served, and the SDK copy that its own file resolved. */
export type LoadedModule = {
  readonly manifest: Manifest;
  /** The agent, the workflow function or the object with `run`. */
  readonly value: unknown;
  readonly sdk: SdkCopy | null;
  /** Makes the context of a run of what is known of the request; null where that itself is the context. */
  readonly makeContext?: ((request: RunContext) => unknown) | null;
  /** Lets go of what it holds outside of the process. Never rejects. */
  readonly close?: () => Promise<void>;
};

/** One run inside the worker. */
export type RunRequest = {
  readonly runId: string;
  readonly input: RunInput;
  readonly context: RunContext;
  readonly maxTurns: number | null;
  /** Whether what tools are called with and give is told. */
  readonly tellsContents?: true;
  /** Whether each call of a tool is asked about first: the record of another run answers it. */
  readonly replays?: true;
  /** Set where it goes on with a run that was interrupted. */
  readonly resume?: ResumedRun;
  /** What holds now: the gateway may change them while the run goes on. */
  readonly verdicts: () => ToolVerdicts;
  readonly toolCount: ToolCount;
  /** Aborts on `cancel`. */
  readonly signal: AbortSignal;
  /** Asks the gateway and gives its reply. Rejects with `Refused` where it refuses, and when the run is cancelled. */
  readonly ask: (question: WorkerQuestion) => Promise<unknown>;
  /** Tells the gateway what was made of the verdicts. */
  readonly decided: (decided: Omit<ToolDecided, 'runId'>) => void;
  /** Told of work that goes on after the last event: the run is over when it has settled, either way. */
  readonly outlives: (work: Promise<unknown>) => void;
  /** Takes one event; resolves when more may be sent (flow control). Awaited between events of the SDK. */
  readonly send: (event: RunEvent) => Promise<void> | void;
};

/** Runs what the module exports. Sends every event, the last one included; never throws. */
export type RunModule = (module: LoadedModule, request: RunRequest) => Promise<void>;
