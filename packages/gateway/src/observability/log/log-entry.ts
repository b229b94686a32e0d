import { GatewayError } from '../../errors.ts';
import type { EventOf, GatewayEvent } from '../../events.ts';
import type { Finding, Stage } from '../../protocol/diagnostics.ts';
import type { Effect } from '../../protocol/policy.ts';
import type { FailureDetail } from '../../protocol/run.ts';
import { decisionDetail } from '../decision-detail.ts';
import { workerEnds } from '../serving-failure.ts';

/** A line of the log before it is written. Its fields are made when asked for, which most lines never are. */
export type LogEntry = {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: () => Readonly<Record<string, unknown>>;
};

/** What an event says in the log; several lines for a module with several findings, none for the routine. */
export function logEntries(event: GatewayEvent): LogEntry[] {
  switch (event.type) {
    case 'gateway_started':
      return [entry('info', 'gateway started', () => ({ url: event.url, pid: event.pid }))];
    case 'gateway_stopping':
      return [entry('info', 'gateway stopping', () => stopOf(event))];
    case 'agent_loaded':
      return [entry('info', 'agent loaded', () => loadOf(event))];
    case 'agent_removed':
      return [entry('info', 'agent removed', () => about(event))];
    case 'agent_rolled_back':
      return [entry('warn', 'agent rolled back', () => ({ ...about(event), ...pin(event) }))];
    case 'agent_released':
      return [entry('info', 'agent released', () => ({ ...about(event), ...pin(event) }))];
    case 'agent_steady':
      return [entry('info', 'agent steady again', () => about(event))];
    case 'agent_unsteady':
      // The finding that is reported of it says more.
      return [];
    case 'findings_reported':
      return event.findings.map((finding) => findingEntry(event, finding));
    case 'run_started':
      return [
        entry('debug', 'run started', () => ({ ...run(event), generation: event.generation })),
      ];
    case 'run_ended':
      return [runEntry(event)];
    case 'tool_called':
      return [toolEntry(event)];
    case 'model_called':
      return [modelEntry(event)];
    case 'access_decided':
      return [decisionEntry(event)];
    case 'request_ended':
      return [requestEntry(event)];
    case 'request_failed':
      return [requestFailureEntry(event)];
    case 'worker_started':
      return [entry('debug', 'worker started', () => worker(event))];
    case 'worker_ended':
      return [workerEndEntry(event)];
    case 'worker_output':
      return [entry('info', event.line, () => ({ ...worker(event), stream: event.stream }))];
    case 'outside_calls_refused':
      return [floodEntry(event)];
    case 'unread_refused':
      return [unreadEntry(event)];
    case 'upstream_chosen':
      return [upstreamEntry(event)];
    case 'upstream_misplaced':
      return [misplacedEntry(event)];
    case 'key_expiring':
      return [expiryEntry(event)];
    case 'fault_survived':
      return [entry('error', `fault survived: ${event.where}`, () => thrown(event.error))];
    default:
      return event satisfies never;
  }
}

function loadOf(event: Extract<GatewayEvent, { type: 'agent_loaded' }>) {
  return { ...about(event), generation: event.generation, load_ms: event.loadMs };
}

function stopOf({ reason, closesInMs }: Extract<GatewayEvent, { type: 'gateway_stopping' }>) {
  return { reason, closes_in_ms: closesInMs };
}

function entry(level: LogEntry['level'], message: string, fields: LogEntry['fields']): LogEntry {
  return { level, message, fields };
}

function about(event: { agentId: string | null; modulePath: string | null }) {
  return { agent_id: event.agentId ?? undefined, module_path: event.modulePath ?? undefined };
}

/** Nobody released an agent whose files changed. */
function pin({ generation, by }: { generation?: number; by: string | null }) {
  return { generation, key_id: by ?? undefined };
}

function run(event: {
  agentId: string | null;
  modulePath: string | null;
  runId: string | null;
  requestId: string;
}) {
  return { request_id: event.requestId, run_id: event.runId ?? undefined, ...about(event) };
}

function worker(event: { agentId: string | null; modulePath?: string | null; pid: number }) {
  return { ...about({ modulePath: null, ...event }), worker_pid: event.pid };
}

function stage(error_stage: Stage) {
  return { error_stage };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
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

function runEntry(event: EventOf<'run_ended'>): LogEntry {
  const { outcome, code, detail, usage } = event;
  return entry(outcome === 'failed' ? 'error' : 'info', `run ${outcome}`, () => ({
    ...run(event),
    key_id: event.keyId,
    duration_ms: round(event.durationMs),
    first_text_ms: event.firstTextMs === null ? undefined : round(event.firstTextMs),
    model_requests: usage.requests,
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    ...(outcome === 'failed' ? { code, ...stage(detail?.stage ?? 'run'), ...cause(detail) } : {}),
  }));
}

function cause(detail: FailureDetail | null) {
  if (!detail) return {};
  const { class: error_class, message: error, file, line, column, frame, stack } = detail;
  return { error_class, error, file, line, column, frame, stack };
}

function toolEntry(event: EventOf<'tool_called'>): LogEntry {
  const failed = event.outcome === 'failed' || event.outcome === 'timeout';
  const { error, argumentBytes, resultBytes } = event;
  return entry(failed ? 'warn' : 'info', `tool ${event.outcome}`, () => ({
    ...run(event),
    tool: event.tool,
    provenance: event.provenance,
    duration_ms: round(event.durationMs),
    cache: event.cache ?? undefined,
    argument_bytes: argumentBytes ?? undefined,
    result_bytes: resultBytes ?? undefined,
    ...(failed ? { ...stage('tool'), ...(error === null ? cause(event.detail) : { error }) } : {}),
  }));
}

function requestEntry(event: EventOf<'request_ended'>): LogEntry {
  const level = healthPaths.includes(event.path) ? 'debug' : 'info';
  return entry(level, `${event.method} ${event.path} ${event.status}`, () => ({
    request_id: event.requestId,
    client_request_id: event.clientRequestId ?? undefined,
    client_address: event.clientAddress ?? undefined,
    key_id: event.keyId ?? undefined,
    duration_ms: round(event.durationMs),
  }));
}

function requestFailureEntry(event: EventOf<'request_failed'>): LogEntry {
  const isOurs = event.code === 'gateway_failed';
  return entry(isOurs ? 'error' : 'warn', `request failed: ${event.code}`, () => ({
    request_id: event.requestId,
    ...thrown(event.error),
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

function modelEntry(event: EventOf<'model_called'>): LogEntry {
  return entry(
    event.outcome === 'failed' ? 'warn' : 'debug',
    `model call ${event.outcome}`,
    () => ({
      agent_id: event.agentId,
      run_id: event.runId ?? undefined,
      upstream: event.upstream,
      model: event.model ?? undefined,
      status: event.status,
      attempts: event.attempts,
      duration_ms: round(event.durationMs),
      ...(event.outcome === 'failed' ? { ...stage('model'), error: event.error } : {}),
    }),
  );
}

function decisionEntry(event: EventOf<'access_decided'>): LogEntry {
  const { answer, rule } = event.decision;
  return entry(decisionLevel(answer, rule?.source ?? null), `access ${answer}`, () =>
    decisionFields(event),
  );
}

function decisionFields(event: EventOf<'access_decided'>) {
  const { action, resource, ...detail } = decisionDetail(event);
  return {
    request_id: detail.requestId ?? undefined,
    principal: event.question.principal.id,
    key_id: detail.keyId ?? undefined,
    role: detail.role ?? undefined,
    action,
    resource,
    agent_id: detail.agentId ?? undefined,
    module_path: action === 'load_module' ? resource : undefined,
    tool: detail.tool ?? undefined,
    rule_id: detail.ruleId ?? undefined,
    tier: detail.tier,
    source: detail.source ?? undefined,
    reason: detail.reason ?? undefined,
  };
}

/** What is always allowed is the routine; that it is only for now is worth a line. */
function decisionLevel(effect: Effect, source: string | null): LogEntry['level'] {
  if (effect === 'deny') return 'warn';
  return source === 'override' ? 'info' : 'debug';
}

function upstreamEntry({ upstream, api, baseUrl, hasKey }: EventOf<'upstream_chosen'>): LogEntry {
  const place = baseUrl === null ? '' : ` at ${baseUrl}`;
  const key = baseUrl === null || hasKey ? '' : ', without a key';
  return entry('info', `model calls go to ${upstream} (${api})${place}${key} from now on`, () => ({
    upstream,
  }));
}

function misplacedEntry({ upstream, baseUrl, better }: EventOf<'upstream_misplaced'>): LogEntry {
  return entry('error', `upstream ${upstream} answers 404 to everything at ${baseUrl}`, () => ({
    upstream,
    hint:
      better === null
        ? 'Correct its base_url (OPENAI_BASE_URL where there is no gateway.yaml): it mostly ends in /v1.'
        : `Its API is at ${better}: write that as base_url, or OPENAI_BASE_URL where there is no gateway.yaml.`,
  }));
}

function expiryEntry(event: EventOf<'key_expiring'>): LogEntry {
  return entry('warn', 'key expires soon', () => ({
    key_id: event.keyId,
    key_name: event.keyName,
    expires_at: new Date(event.expiresAtSeconds * 1000).toISOString(),
  }));
}

/** Asked every few seconds by whoever watches the gateway. */
const healthPaths = ['/healthz', '/readyz'];

function workerEndEntry(event: EventOf<'worker_ended'>): LogEntry {
  const expected = workerEnds[event.reason] === 'expected';
  return entry(expected ? 'debug' : 'error', `worker ended: ${event.reason}`, () => ({
    ...worker(event),
    generation: event.generation ?? undefined,
    exit_code: event.exitCode ?? undefined,
    signal: event.signal ?? undefined,
    ...(expected ? {} : { ...stage('worker'), ...cause(event.detail) }),
  }));
}

function thrown(error: unknown) {
  const origin = error instanceof GatewayError && error.cause !== undefined ? error.cause : error;
  if (!(origin instanceof Error)) return { error: String(origin) };
  const { message, cause, stack } = origin;
  return {
    error_class: origin.constructor.name,
    error: message,
    cause: cause instanceof Error ? cause.message || cause.name : undefined,
    stack,
  };
}
