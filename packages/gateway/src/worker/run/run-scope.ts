import { AsyncLocalStorage } from 'node:async_hooks';
import type { Effect } from '../../protocol/policy.ts';
import type { InputItem } from '../../protocol/run.ts';
import type { LoadedModule, RunRequest } from '../loaded-module.ts';
import type { SdkResult, SdkRun, SdkRunner, SdkRunOptions } from '../sdk.ts';
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

/** What code deep inside a run can know of it: model calls, guardrails and hooks read it. */
export type RunScope = {
  readonly runId: string;
  readonly request: RunRequest;
  readonly activity: ToolActivity;
  readonly tap: RunTap;
  /** Tools that run elsewhere: what was last told of their offer to the model, by name. */
  readonly offers: Map<string, Effect>;
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
export type Outcome = {
  readonly reason: 'stop' | 'length' | 'content_filter';
  readonly blockedBy?: string;
  /** What it added to the conversation, where that is asked for and known. */
  readonly items?: readonly InputItem[];
};

/** The run stopped at a tool that a person has to approve. */
export class ApprovalRequired extends Error {
  override readonly name = 'ApprovalRequired';
  readonly tool: string;

  constructor(tool: string) {
    super(`The tool ${tool} needs approval.`);
    this.tool = tool;
  }
}
