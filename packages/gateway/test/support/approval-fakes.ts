import { GatewayError } from '../../src/errors.ts';
import type { Approval } from '../../src/protocol/state/approvals.ts';
import type { Approvals } from '../../src/runs/approvals/approval-types.ts';

/** A gateway in which nothing waits. */
export function createNoApprovals(): Approvals {
  const nothing = async (): Promise<never> => {
    throw new GatewayError('record_not_found', 'No call waits here.');
  };
  return {
    answer: nothing,
    bring: async () => null,
    find: nothing,
    mayAnswerIn: async () => false,
    withdraw: async () => 0,
    withdrawRun: async () => 0,
    list: async () => ({ approvals: [], next: null }),
    ofRun: nothing,
  };
}

/** A call that waits in the run `x1`. */
export const someApproval: Approval = {
  id: 'apr_1',
  runId: 'x1',
  keyId: 'key_caller',
  user: null,
  agentId: 'default/echo',
  tool: 'erase',
  agent: 'Desk',
  provenance: 'native',
  callId: 'c1',
  arguments: '{"all":true}',
  ruleId: null,
  approvers: null,
  status: 'pending',
  createdMs: 0,
  expiresMs: Date.UTC(2026, 11, 1),
  answeredBy: null,
  answeredMs: null,
  reason: null,
  always: false,
};

/** A gateway in which one of two calls waits. */
export function fakeApprovals(): Approvals {
  const again = { ...someApproval, code: null };
  return {
    ...createNoApprovals(),
    answer: async () => ({
      approvals: [{ ...someApproval, status: 'approved', answeredMs: 0 }],
      pending: [again],
      clientCalls: [],
      claim: null,
    }),
    find: async () => someApproval,
    list: async () => ({ approvals: [someApproval], next: null }),
    ofRun: async () => ({ approvals: [someApproval], resumedBy: null }),
  };
}
