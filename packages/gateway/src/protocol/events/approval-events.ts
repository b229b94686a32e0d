import type { Provenance } from '../run.ts';
import type { ApprovalStatus } from '../state/approvals.ts';

/** What is said of calls that wait for a person. */
export type ApprovalEvent =
  /** A run waits for a person to decide about a call. */
  | {
      readonly type: 'approval_asked';
      readonly runId: string;
      readonly requestId: string;
      readonly keyId: string;
      readonly agentId: string;
      readonly modulePath: string;
      readonly generation: number;
      /** `apr_…`. */
      readonly approvalId: string;
      readonly tool: string;
      /** The model's own id of the call. */
      readonly callId: string;
      readonly provenance: Provenance;
      /** What it would be called with, as JSON. */
      readonly arguments: string;
      /** The rule that asks; null where the agent does. */
      readonly ruleId: string | null;
      /** Unix milliseconds. */
      readonly expiresMs: number;
    }
  /** Such a call does not wait any more. */
  | {
      readonly type: 'approval_answered';
      readonly approvalId: string;
      /** The run that was interrupted. */
      readonly runId: string;
      /** The key that it was for. */
      readonly keyId: string;
      readonly agentId: string;
      readonly tool: string;
      readonly callId: string;
      /** `withdrawn`: its caller went on without an answer. */
      readonly outcome: Exclude<ApprovalStatus, 'pending'>;
      /** Id of a key, or `cli:<os user>`; null where nobody answered. */
      readonly answeredBy: string | null;
      readonly reason: string | null;
      /** Whether it holds for all calls of the tool in the rest of the run. */
      readonly always: boolean;
      readonly waitedMs: number;
    }
  /** A run goes on with what was answered. */
  | {
      readonly type: 'approval_applied';
      /** The run that goes on. */
      readonly runId: string;
      readonly agentId: string;
      readonly approvalId: string;
      readonly tool: string;
      readonly callId: string;
      readonly outcome: Exclude<ApprovalStatus, 'pending'>;
      readonly ruleId: string | null;
    };
