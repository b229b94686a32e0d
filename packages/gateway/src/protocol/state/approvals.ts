import type { Provenance } from '../run.ts';

/** How far a call that waits for a person is. `withdrawn`: the caller went on without an answer. */
export const approvalStatuses = ['pending', 'approved', 'denied', 'expired', 'withdrawn'] as const;

export type ApprovalStatus = (typeof approvalStatuses)[number];

/** A call of a tool that a person has to decide on. Times are Unix milliseconds. */
export type Approval = {
  /** `apr_…`. */
  readonly id: string;
  /** The run that was interrupted. */
  readonly runId: string;
  /** The key that it was for, and the end user where one is known. */
  readonly keyId: string;
  readonly user: string | null;
  readonly agentId: string;
  readonly tool: string;
  /** The agent's own name of who calls it. */
  readonly agent: string;
  readonly provenance: Provenance;
  /** The model's id of the call. */
  readonly callId: string;
  /** JSON, as the model wrote it. */
  readonly arguments: string;
  /** The rule that asks for it; null where the agent does. */
  readonly ruleId: string | null;
  /** Who may answer, as patterns of principals; null where the rule names nobody. */
  readonly approvers: readonly string[] | null;
  readonly status: ApprovalStatus;
  readonly createdMs: number;
  readonly expiresMs: number;
  /** Id of a key, or `cli:<os user>`. */
  readonly answeredBy: string | null;
  readonly answeredMs: number | null;
  readonly reason: string | null;
  /** Whether an approval holds for later calls of the tool in the same run. */
  readonly always: boolean;
};

/**
 * How far a run is that was interrupted. `resumed`: whoever claimed it goes on with it, once; `over`: that has ended;
 * `unknown`: its gateway died meanwhile, so that nobody knows which of its calls were made.
 */
export const waitingRunStatuses = ['waiting', 'resumed', 'over', 'unknown', 'dropped'] as const;

export type WaitingRunStatus = (typeof waitingRunStatuses)[number];

/** A run that was interrupted, with all that it takes to go on with it anywhere. */
export type WaitingRun = {
  readonly runId: string;
  readonly keyId: string;
  readonly user: string | null;
  readonly agentId: string;
  readonly modulePath: string;
  readonly generation: number;
  /** Of the bytes that it goes on with, which the store has. */
  readonly filesHash: string;
  /** The conversation that it is a turn of; null for none. */
  readonly conversationId: string | null;
  /** The hash of all that its caller has said by then; null where a conversation or the id of a response tells. */
  readonly prefixHash: string | null;
  /** The SDK's own form of it. */
  readonly state: string;
  /** The `RunInput` that it began with, as JSON. */
  readonly input: string;
  readonly status: WaitingRunStatus;
  /** The run that went on with it. */
  readonly resumedBy: string | null;
  readonly createdMs: number;
  readonly expiresMs: number;
};
