import type { LoadedModule, RunRequest } from '../loaded-module.ts';
import type { SdkRunner } from '../sdk.ts';
import type { ToolActivity } from './tool-activity.ts';
import type { UsageMeter } from './usage-meter.ts';

/** What every kind of run is given. */
export type RunDeps = {
  readonly request: RunRequest;
  readonly activity: ToolActivity;
  readonly meter: UsageMeter;
  /** The module's runner; with a configuration, one for this run alone. */
  readonly runnerOf: (module: LoadedModule, config?: object) => SdkRunner;
};

/** How a run ended that did not fail. */
export type Outcome = {
  readonly reason: 'stop' | 'length' | 'content_filter';
  readonly blockedBy?: string;
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
