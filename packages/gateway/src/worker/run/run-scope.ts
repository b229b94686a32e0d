import { AsyncLocalStorage } from 'node:async_hooks';
import type { RunRequest } from '../loaded-module.ts';
import type { SdkResult, SdkRun, SdkRunner, SdkRunOptions } from '../sdk.ts';
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
  readonly offers: Map<string, 'allow' | 'deny'>;
};

/** The current run, followed through every await of the module's code. */
export const runScope = new AsyncLocalStorage<RunScope>();
