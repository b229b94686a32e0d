import type { EventOf, GatewayEvent } from '../../events.ts';
import type { Finding } from '../../protocol/diagnostics.ts';
import { workerEnds } from '../serving-failure.ts';
import { approvalEntry } from './approval-lines.ts';
import { about, cause, entry, type LogEntry, stage, thrown } from './log-line.ts';
import {
  decisionEntry,
  modelEntry,
  requestEntry,
  requestFailureEntry,
  runEntry,
  runStartEntry,
  spokenEntry,
  toolEntry,
  withContents,
} from './request-lines.ts';
import { upstreamEntry } from './upstream-lines.ts';

/** Whether lines hold what agents say and what tools are called with. */
type Shown = { readonly contents: boolean };

/** What an event says in the log; several lines for a module with several findings, none for the routine. */
export function logEntries(event: GatewayEvent, { contents }: Shown): LogEntry[] {
  switch (event.type) {
    case 'gateway_started':
    case 'gateway_stopping':
      return [gatewayEntry(event)];
    case 'agent_loaded':
    case 'agent_removed':
    case 'agent_steady':
      return [agentEntry(event)];
    case 'agent_rolled_back':
    case 'agent_released':
      return [pinEntry(event)];
    case 'run_said':
      return contents ? [spokenEntry(event)] : [];
    case 'run_handed_off':
    case 'queue_changed':
    case 'store_used':
    case 'settings_read':
    case 'findings_acknowledged':
    case 'policy_changed':
    case 'approval_applied':
    case 'agent_unsteady': // The finding that is reported of it says more.
      return [];
    case 'spans_exported':
      return exportEntries(event);
    case 'findings_reported':
      return event.findings.map((finding) => findingEntry(event, finding));
    case 'run_started':
    case 'run_ended':
      return [event.type === 'run_started' ? runStartEntry(event) : runEntry(event)];
    case 'tool_called':
      return [contents ? withContents(toolEntry(event), event) : toolEntry(event)];
    case 'model_called':
      return [modelEntry(event)];
    case 'access_decided':
      return [decisionEntry(event)];
    case 'request_ended':
    case 'request_failed':
      return [event.type === 'request_ended' ? requestEntry(event) : requestFailureEntry(event)];
    case 'worker_ended':
    case 'worker_started':
    case 'worker_output':
      return [event.type === 'worker_ended' ? workerEndEntry(event) : workerEntry(event)];
    case 'outside_calls_refused':
      return [floodEntry(event)];
    case 'unread_refused':
      return [unreadEntry(event)];
    case 'approval_asked':
    case 'approval_answered':
      return [approvalEntry(event)];
    case 'key_expiring':
    case 'issuer_keys_read':
    case 'issuer_keys_failed':
      return [accessEntry(event)];
    case 'fault_survived':
      return [entry('error', `fault survived: ${event.where}`, () => thrown(event.error))];
    default:
      return [upstreamEntry(event)];
  }
}

function accessEntry(
  event: EventOf<'key_expiring' | 'issuer_keys_read' | 'issuer_keys_failed'>,
): LogEntry {
  return event.type === 'key_expiring' ? expiryEntry(event) : issuerEntry(event);
}

function gatewayEntry(event: EventOf<'gateway_started' | 'gateway_stopping'>): LogEntry {
  return event.type === 'gateway_started'
    ? entry('info', 'gateway started', () => ({ url: event.url, pid: event.pid }))
    : entry('info', 'gateway stopping', () => stopOf(event));
}

function agentEntry(event: EventOf<'agent_loaded' | 'agent_removed' | 'agent_steady'>): LogEntry {
  switch (event.type) {
    case 'agent_loaded':
      return entry('info', 'agent loaded', () => loadOf(event));
    case 'agent_removed':
      return entry('info', 'agent removed', () => about(event));
    default:
      return entry('info', 'agent steady again', () => about(event));
  }
}

/** An outage of the collector of traces is told of once, and its end. */
function exportEntries({ change, error, dropped }: EventOf<'spans_exported'>): LogEntry[] {
  if (change === null) return [];
  return change === 'recovered'
    ? [entry('info', 'traces arrive again', () => ({}))]
    : [entry('warn', 'traces do not arrive', () => ({ error, dropped, hint: exportHint }))];
}

const exportHint =
  'Look at the collector and at OTEL_EXPORTER_OTLP_ENDPOINT. Serving is not affected; spans are dropped until it answers (dropgate_trace_spans_total).';

function loadOf(event: Extract<GatewayEvent, { type: 'agent_loaded' }>) {
  return { ...about(event), generation: event.generation, load_ms: event.loadMs };
}

function stopOf({ reason, closesInMs }: Extract<GatewayEvent, { type: 'gateway_stopping' }>) {
  return { reason, closes_in_ms: closesInMs };
}

function pinEntry(event: EventOf<'agent_rolled_back' | 'agent_released'>): LogEntry {
  const fields = () => ({ ...about(event), ...pin(event) });
  return event.type === 'agent_rolled_back'
    ? entry('warn', 'agent rolled back', fields)
    : entry('info', 'agent released', fields);
}

/** Nobody released an agent whose files changed. */
function pin({ generation, by }: { generation?: number; by: string | null }) {
  return { generation, key_id: by ?? undefined };
}

function worker(event: { agentId: string | null; modulePath?: string | null; pid: number }) {
  return { ...about({ modulePath: null, ...event }), worker_pid: event.pid };
}

const levels = { error: 'error', warning: 'warn', info: 'info' } as const;

function findingEntry(event: EventOf<'findings_reported'>, finding: Finding): LogEntry {
  const { stage: error_stage, severity, message, ...rest } = finding;
  const serving = event.servingGeneration;
  return entry(levels[severity], message, () => ({
    ...about(event),
    error_stage,
    ...rest,
    ...(serving === null ? {} : { still_serving_generation: serving }),
  }));
}

function floodEntry(event: EventOf<'outside_calls_refused'>): LogEntry {
  return entry('warn', 'calls outside of runs refused', () => ({
    ...about(event),
    ...stage('tool'),
  }));
}

function unreadEntry({ owner, kind }: EventOf<'unread_refused'>): LogEntry {
  return entry('warn', 'answer ended: too much waits to be read', () => ({
    kind,
    ...('agentId' in owner ? { agent_id: owner.agentId } : { key_id: owner.keyId }),
  }));
}

function expiryEntry(event: EventOf<'key_expiring'>): LogEntry {
  return entry('warn', 'key expires soon', () => ({
    key_id: event.keyId,
    key_name: event.keyName,
    expires_at: new Date(event.expiresAtSeconds * 1000).toISOString(),
  }));
}

function issuerEntry(event: EventOf<'issuer_keys_read' | 'issuer_keys_failed'>): LogEntry {
  const { issuer } = event;
  if (event.type === 'issuer_keys_read') {
    return entry('info', 'keys of an issuer read', () => ({ issuer, keys: event.keys }));
  }
  return entry('error', 'keys of an issuer cannot be read', () => ({
    issuer,
    serves_on_seconds: event.leftSeconds,
    ...thrown(event.error),
  }));
}

function workerEntry(event: EventOf<'worker_started' | 'worker_output'>): LogEntry {
  return event.type === 'worker_output'
    ? entry('info', event.line, () => outputOf(event))
    : entry('debug', 'worker started', () => worker(event));
}

function outputOf(event: EventOf<'worker_output'>) {
  const { runId, requestId, stream } = event;
  const run = { run_id: runId ?? undefined, request_id: requestId ?? undefined };
  return { ...run, ...worker(event), stream };
}

function workerEndEntry(event: EventOf<'worker_ended'>): LogEntry {
  const expected = workerEnds[event.reason] === 'expected';
  return entry(expected ? 'debug' : 'error', `worker ended: ${event.reason}`, () => ({
    ...worker(event),
    generation: event.generation ?? undefined,
    exit_code: event.exitCode ?? undefined,
    signal: event.signal ?? undefined,
    ...(expected
      ? {}
      : { ...stage('worker'), code: `worker_${event.reason}`, ...cause(event.detail) }),
  }));
}
