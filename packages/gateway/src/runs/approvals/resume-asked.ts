import type { Caller } from '../../protocol/policy.ts';
import type { RunInput } from '../../protocol/run.ts';
import type { Grant } from '../../protocol/state/approval-store.ts';
import type { Approval } from '../../protocol/state/approvals.ts';
import type { ResumedRun } from '../../protocol/worker/messages.ts';
import type { Run } from '../run.ts';

/** A run that waited, and what it takes to go on with it. */
export type ResumeAsked = {
  /** The key that it is for. */
  readonly caller: Caller;
  /** What it began with, and how the rest is wanted. */
  readonly input: RunInput;
  readonly of: { readonly runId: string; readonly agentId: string; readonly filesHash: string };
  readonly resumed: ResumedRun;
  /** The calls that persons answered for. */
  readonly answered: readonly Approval[];
  /** What a person approved of it, now and before. */
  readonly grants: readonly Grant[];
  /** Called once nothing stands in its way any more, before anything of it runs; a rejection keeps it from running. */
  readonly begin: (runId: string) => Promise<void>;
  /** Called when it is over, after `begin`; false where no worker ever got it. */
  readonly ended: (isTaken: boolean) => void;
  readonly signal: AbortSignal | undefined;
};

/**
 * Admits a run that goes on with one that waited, as `StartRun` does, on the files that were interrupted.
 *
 * @throws GatewayError As that does, and `generation_gone`.
 */
export type ResumeRun = (asked: ResumeAsked) => Promise<Run>;
