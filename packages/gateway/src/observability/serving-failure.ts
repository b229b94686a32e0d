import type { EventOf, GatewayEvent } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FailureDetail } from '../protocol/run.ts';

/** What a failure is about. */
export type FailureSubject = {
  readonly agentId: string | null;
  readonly modulePath: string | null;
  readonly servingGeneration: number | null;
  readonly requestId: string | null;
  /** In which it was seen last, where it is one of a run or tool. */
  readonly runId?: string | null;
  /** In which it happened, where it is one of a run or tool. */
  readonly generation?: number | null;
};

/** A failure while an agent serves: what is wrong, and with what. */
export type ServingFailure = { readonly about: FailureSubject; readonly finding: Finding };

/** The failure that an event tells of while an agent serves; null for any other event. */
export function servingFailure(event: GatewayEvent): ServingFailure | null {
  switch (event.type) {
    case 'run_ended':
      return event.outcome === 'failed' ? runFailure(event) : null;
    case 'tool_called':
      return event.outcome === 'failed' && event.detail ? toolFailure(event, event.detail) : null;
    case 'worker_ended':
      return workerEnds[event.reason] === 'failure' ? workerFailure(event) : null;
    case 'outside_calls_refused':
      return { about: { ...event, servingGeneration: null, requestId: null }, finding: flood };
    case 'gateway_started':
    case 'gateway_stopping':
    case 'agent_loaded':
    case 'agent_removed':
    case 'agent_rolled_back':
    case 'agent_released':
    case 'agent_unsteady':
    case 'agent_steady':
    case 'findings_reported':
    case 'run_started':
    case 'model_called':
    case 'access_decided':
    case 'approval_asked':
    case 'approval_answered':
    case 'approval_applied':
    case 'request_ended':
    case 'run_said':
    case 'run_handed_off':
    case 'queue_changed':
    case 'store_used':
    case 'spans_exported':
    case 'settings_read':
    case 'policy_changed':
    case 'findings_acknowledged':
    case 'request_failed':
    case 'worker_started':
    case 'worker_output':
    case 'unread_refused':
    case 'upstream_chosen':
    case 'upstream_misplaced':
    case 'upstream_cooling':
    case 'upstream_recovered':
    case 'model_retiring':
    case 'key_expiring':
    case 'issuer_keys_read':
    case 'issuer_keys_failed':
    case 'fault_survived':
      return null;
    default:
      return event satisfies never;
  }
}

/** What the end of a worker is: wanted, a failure of its module, or one that its load reports by a finding. */
export const workerEnds: Readonly<
  Record<EventOf<'worker_ended'>['reason'], 'expected' | 'failure' | 'failed_load'>
> = {
  evicted: 'expected',
  retired: 'expected',
  shutdown: 'expected',
  load_failed: 'expected',
  load_timeout: 'failed_load',
  stalled: 'failure',
  memory: 'failure',
  processes: 'failure',
  overstayed: 'failure',
  protocol: 'failure',
  exited: 'failure',
  crashed: 'failure',
};

const flood: Finding = {
  stage: 'tool',
  code: 'outside_calls_refused',
  severity: 'error',
  message:
    'The module called so many tools outside of its runs that more of them are denied unasked.',
  hint: 'Call tools in the run that wants them, or less often from queues and timers.',
};

function runFailure(event: EventOf<'run_ended'>): ServingFailure {
  const { detail } = event;
  const code = event.code ?? 'run_failed';
  return {
    about: { ...event, servingGeneration: null },
    finding: {
      stage: detail?.stage ?? 'run',
      code,
      severity: 'error',
      message: detail ? `${detail.class}: ${detail.message}` : code,
      ...place(detail),
      ...hintOn(code),
    },
  };
}

/** What to do about a failure of a code, where there is something to say that its message does not. */
export function hintOn(code: string | null): { readonly hint?: string } {
  const hint = code === null ? undefined : hints[code];
  return hint === undefined ? {} : { hint };
}

const upstreamHint =
  'See `dropgate upstreams list`: it says how each upstream is. With a `fallback` another one answers meanwhile.';

const hints: Readonly<Record<string, string>> = {
  run_limit_exceeded:
    'A run went beyond what its agent, key or namespace lets it use. See what it did with `dropgate runs show`, and where it goes in circles.',
  upstream_failed: upstreamHint,
  upstream_unavailable: upstreamHint,
  upstream_timeout: upstreamHint,
};

function toolFailure(event: EventOf<'tool_called'>, detail: FailureDetail): ServingFailure {
  return {
    about: { ...event, servingGeneration: null },
    finding: {
      stage: 'tool',
      code: toolFailureCode(event),
      severity: 'error',
      message: `${detail.class}: ${detail.message}`,
      ...place(detail),
    },
  };
}

/** What came of a call that did not come to a result. */
export function toolFailureCode({
  outcome,
  violation,
}: Pick<EventOf<'tool_called'>, 'outcome' | 'violation'>): string {
  if (outcome === 'timeout') return 'tool_timeout';
  if (violation === 'unknown') return 'tool_unknown';
  return violation === 'bad_arguments' ? 'tool_arguments_invalid' : 'tool_threw';
}

function workerFailure(event: EventOf<'worker_ended'>): ServingFailure {
  return {
    about: { ...event, generation: null, servingGeneration: event.generation, requestId: null },
    finding: {
      stage: 'worker',
      code: `worker_${event.reason}`,
      severity: 'error',
      message: event.detail?.message ?? `The worker ended: ${event.reason}.`,
      ...place(event.detail),
    },
  };
}

function place(detail: FailureDetail | null) {
  if (detail?.file === undefined) return {};
  const { file, line, column, frame } = detail;
  return {
    file,
    ...(frame === undefined ? {} : { frame }),
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}
