import { GatewayError } from '../../errors.ts';
import type { FailureDetail, RunEvent } from '../../protocol/run.ts';
import { foldStack } from '../../protocol/text/fold-stack.ts';

/** What a caller reads where a guardrail stopped the run. */
export const safeAnswer = "I can't help with that.";

/**
 * A run's `failed` as an error.
 *
 * @param ranTool - After a tool has run, no client is invited to run everything again.
 */
export function runFailure(
  { code, message, detail, retryAfterSeconds }: Extract<RunEvent, { type: 'failed' }>,
  { ranTool }: { readonly ranTool: boolean },
): GatewayError {
  return new GatewayError(code, message, {
    ...(detail ? { adminDetail: folded(detail) } : {}),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(ranTool ? { mayRetry: false } : {}),
  });
}

function folded({ stack, ...detail }: FailureDetail): FailureDetail {
  return { ...detail, ...(stack === undefined ? {} : { stack: foldStack(stack) }) };
}

/** A run that waits for an approval, which nobody can give as nothing of it is kept. */
export function approvalUnsupported(): GatewayError {
  return new GatewayError(
    'approval_unsupported',
    'The agent asks for a human approval, which nobody can give here. Ask its author for a version without.',
  );
}

/** A guardrail's stop, for agents that want it told as an error. */
export function guardrailBlocked(): GatewayError {
  return new GatewayError('guardrail_blocked', 'A guardrail of the agent stopped this request.');
}
