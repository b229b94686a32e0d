import { GatewayError } from '../../src/errors.ts';
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
    list: async () => ({ approvals: [], next: null }),
    ofRun: nothing,
  };
}
