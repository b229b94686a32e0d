import { AsyncLocalStorage } from 'node:async_hooks';
import type { Effect } from '../../protocol/policy.ts';
import type { InputItem, RunEvent } from '../../protocol/run.ts';
import type { TakeApproval } from '../approvals/approved-calls.ts';
import type { LoadedModule, RunRequest } from '../loaded-module.ts';
import type { SdkResult, SdkRun, SdkRunner, SdkRunOptions, SdkTool } from '../sdk.ts';
import type { SdkUsage } from './sdk-usage.ts';
import type { ToolActivity } from './tool-activity.ts';

/** The gateway refused what was asked of it. The message is fit for the model. */
export class Refused extends Error {
  override readonly name = 'Refused';
}

/** A call of `runner.run` made by the module's code; `original` is the SDK's own. */
export type TappedRun = {
  readonly runner: SdkRunner;
  readonly original: SdkRun;
  readonly agent: unknown;
  readonly input: unknown;
  readonly options: SdkRunOptions;
};

/** What becomes of calls of `runner.run` during a gateway run. */
export type RunTap = (call: TappedRun) => Promise<SdkResult>;

/**
 * Which run of the SDK the code works for: the one that the gateway goes on with where it is interrupted (`main`), one of an
 * agent that is a tool in it, whose interruption is its own (`agent_tool`), or one that the module begins, with which nobody
 * but the module can go on (`own`).
 */
export type RunPlace = 'main' | 'agent_tool' | 'own';

/** What code deep inside a run can know of it: model calls, guardrails and hooks read it. */
export type RunScope = {
  readonly runId: string;
  readonly request: RunRequest;
  readonly activity: ToolActivity;
  readonly tap: RunTap;
  readonly place: RunPlace;
  /** Whether the module is no agent, so that nobody can go on with its runs. */
  readonly isWorkflow: boolean;
  /** Tools that run elsewhere: what was last told of their offer to the model, by name. */
  readonly offers: Map<string, Effect>;
  /** What is learnt while it goes on, in whichever of its places. */
  readonly known: KnownOfRun;
};

/** What is learnt of one run while it goes on. */
export type KnownOfRun = {
  /** What its tools get as their context; unset before that is made. */
  context: unknown;
  /** The runner of its main run. */
  runner: SdkRunner | null;
  /** The agent that its main run begins with. */
  agent: object | null;
  /** What agents last offered to their models, by their names. */
  readonly offered: Map<string, { readonly agent: unknown; readonly tools: readonly SdkTool[] }>;
  /** Whether its first turn is over: it has called a tool, or handed off. */
  isPastFirstTurn: boolean;
  /** Runs of agents that are tools which wait, or may come to. */
  readonly inside: Set<SdkResult>;
  /** Of a run that goes on: takes what persons approved of it. */
  takeApproval?: TakeApproval;
};

/** The current run, followed through every await of the module's code. It may be over: `outside-runs.ts` tells. */
export const runScope = new AsyncLocalStorage<RunScope>();

/** What every kind of run is given. */
export type RunDeps = {
  readonly request: RunRequest;
  readonly activity: ToolActivity;
  readonly meter: SdkUsage;
  /** The module's runner; with a configuration, one for this run alone. */
  readonly runnerOf: (module: LoadedModule, config?: object) => SdkRunner;
};

/** How a run ended that did not fail. */
export type Outcome = Finished | { readonly interrupted: Interruption };

/** It came to its end. */
export type Finished = {
  readonly reason: 'stop' | 'length' | 'content_filter';
  readonly blockedBy?: string;
  /** What it added to the conversation, where that is asked for and known. */
  readonly items?: readonly InputItem[];
};

/** It waits for a person, or for what the caller's own tools give. */
export type Interruption = Omit<Extract<RunEvent, { type: 'interrupted' }>, 'type' | 'usage'>;

/** Why a run cannot go on that the gateway's own code stops; the message is fit for its caller. */
export class RunStop extends Error {
  override readonly name = 'RunStop';
  readonly code: 'approval_unsupported' | 'run_state_unreadable' | 'invalid_value';

  constructor(code: RunStop['code'], message: string, cause?: unknown) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
  }
}
