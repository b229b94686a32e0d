import type { FailureCode } from '../errors.ts';
import type { LastEvent } from '../protocol/run.ts';

type Failed = Extract<LastEvent, { type: 'failed' }>;

/** What can go wrong inside a worker. Everything else (keys, limits, requests) is the gateway's own to say. */
const claimable: ReadonlySet<FailureCode> = new Set([
  'run_failed',
  'tool_failed',
  'max_turns_exceeded',
  'approval_unsupported',
  'run_state_unreadable',
  'invalid_value',
  'agent_unavailable',
  'context_too_long',
  'upstream_failed',
  'upstream_refused',
  'upstream_rate_limited',
  'upstream_unavailable',
  'upstream_timeout',
]);

/** What the gateway refuses a model call with, and the run then ends in. */
const refusals: ReadonlySet<FailureCode> = new Set([
  'quota_exhausted',
  'price_unknown',
  'run_limit_exceeded',
  'store_unavailable',
  'approval_unavailable',
]);

/**
 * A failure as a worker tells it, with a code that it may claim: of what the gateway refused, where it did. Another one
 * becomes `run_failed`; a run that was cancelled has ended before its worker says so.
 *
 * @param hasRefused - Whether a model call of the run was refused so.
 */
export function believedFailure(event: Failed, hasRefused: (code: FailureCode) => boolean): Failed {
  const { code } = event;
  if (claimable.has(code) || (refusals.has(code) && hasRefused(code))) return event;
  return {
    ...event,
    code: 'run_failed',
    message: 'The agent failed while it ran; the cause is in the log of the gateway.',
    detail: event.detail ?? {
      class: 'Error',
      message: `The agent's process said that the run failed with ${code}, which is not for it to say.`,
      stage: 'worker',
    },
  };
}
