import type { GatewayError } from '../errors.ts';
import type {
  GuardrailResponse,
  Manifest,
  ModuleLoad,
  ToolEventsMode,
} from '../protocol/records.ts';
import type { RunSink } from '../protocol/run-sink.ts';
import type { IgnoredPart } from './check-run-input.ts';

/** A run that was admitted. It ends by itself, at its deadline, or by `cancel`. */
export type Run = {
  readonly id: string;
  readonly agentId: string;
  readonly modulePath: string;
  readonly generation: number;
  /**
   * Pushes its events there, to exactly one of `finished`, `failed`, `interrupted`; once. Those that come before wait.
   * Whoever wants to pull them takes `eventsOf` the run.
   */
  readonly sendTo: (sink: RunSink) => void;
  /** A failure as reason is what the events end in. */
  readonly cancel: (reason: string | GatewayError) => void;
  /** Calls back once when the run is over, at once where it is over already. */
  readonly onEnd: (listener: () => void) => void;
  /** Parts of the input that the agent does not take and that were left out. */
  readonly ignored: readonly IgnoredPart[];
  readonly presentation: Presentation;
  /** Whether its author's own code runs it, so that it may do what no event tells of. */
  readonly actsUntold: boolean;
};

/** How an agent wants its runs shown. */
export type Presentation = {
  readonly toolEvents: ToolEventsMode;
  readonly guardrailResponse: GuardrailResponse;
};

/** An agent that can run. */
export type ServedAgent = {
  readonly agentId: string;
  readonly modulePath: string;
  readonly generation: number;
  readonly load: ModuleLoad;
  readonly manifest: Manifest;
};
