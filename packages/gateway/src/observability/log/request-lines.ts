import type { FailureCode } from '../../errors.ts';
import type { EventOf } from '../../events.ts';
import type { Stage } from '../../protocol/diagnostics.ts';
import type { Answer } from '../../protocol/policy.ts';
import { decisionDetail } from '../decision-detail.ts';
import { hintOn, toolFailureCode } from '../serving-failure.ts';
import { about, cause, entry, type LogEntry, round, stage, thrown } from './log-line.ts';

/** What each line of a run says of it. */
function run(event: {
  readonly requestId: string | null;
  readonly runId: string | null;
  readonly agentId: string | null;
  readonly modulePath: string | null;
  readonly generation: number | null;
  readonly keyId: string | null;
}) {
  const { requestId, runId, generation, keyId } = event;
  return {
    request_id: requestId ?? undefined,
    run_id: runId ?? undefined,
    ...about(event),
    generation: generation ?? undefined,
    key_id: keyId ?? undefined,
  };
}

/** The beginning of a run. */
export function runStartEntry(event: EventOf<'run_started'>): LogEntry {
  return entry('debug', 'run started', () => ({
    ...run(event),
    waited_ms: event.waitedMs === 0 ? undefined : round(event.waitedMs),
    task_prompt: event.isTask,
  }));
}

/** The end of a run. */
export function runEntry(event: EventOf<'run_ended'>): LogEntry {
  const { outcome, code, detail, usage } = event;
  return entry(outcome === 'failed' ? 'error' : 'info', `run ${outcome}`, () => ({
    ...run(event),
    duration_ms: round(event.durationMs),
    first_text_ms: event.firstTextMs === null ? undefined : round(event.firstTextMs),
    model_requests: usage.requests,
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    task_prompt: event.isTask,
    ...(outcome === 'failed'
      ? { code, ...stage(detail?.stage ?? 'run'), ...cause(detail), ...hintOn(code) }
      : {}),
  }));
}

/** A call of a tool. */
export function toolEntry(event: EventOf<'tool_called'>): LogEntry {
  const failed = event.outcome === 'failed' || event.outcome === 'timeout';
  const { error, argumentBytes, resultBytes } = event;
  const code = toolFailureCode(event);
  return entry(failed ? 'warn' : 'info', `tool ${event.outcome}`, () => ({
    ...run(event),
    tool: event.tool,
    provenance: event.provenance,
    duration_ms: round(event.durationMs),
    cache: event.cache ?? undefined,
    argument_bytes: argumentBytes ?? undefined,
    result_bytes: resultBytes ?? undefined,
    ...(failed ? { ...stage('tool'), code } : {}),
    ...(failed ? (error === null ? cause(event.detail) : { error }) : {}),
  }));
}

/** The same with what a tool was called with and gave, where that is told. */
export function withContents(line: LogEntry, { contents }: EventOf<'tool_called'>): LogEntry {
  if (!contents) return line;
  const held = () => ({
    arguments: cut(contents.arguments()),
    ...(contents.result === null ? {} : { result: cut(contents.result) }),
  });
  return { ...line, fields: () => ({ ...line.fields(), ...held() }) };
}

/** What a run said. */
export function spokenEntry({ runId, agentId, text, letters }: EventOf<'run_said'>): LogEntry {
  return entry('debug', 'agent said', () => {
    return { run_id: runId, agent_id: agentId, letters, text: cut(text) };
  });
}

/** Letters of one text in a line. */
const MAX_TEXT = 4000;

function cut(text: string): string {
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text;
}

/** A model call. */
export function modelEntry(event: EventOf<'model_called'>): LogEntry {
  const failed = event.outcome === 'failed';
  return entry(failed ? 'warn' : 'debug', `model call ${event.outcome}`, () => ({
    ...run(event),
    upstream: event.upstream,
    model: event.model ?? undefined,
    status: event.status,
    attempts: event.attempts,
    duration_ms: round(event.durationMs),
    first_byte_ms: event.firstByteMs === null ? undefined : round(event.firstByteMs),
    ...(failed
      ? { ...stage('model'), code: event.code, error: event.error, ...hintOn(event.code) }
      : {}),
  }));
}

/** Asked every few seconds by whoever watches the gateway. */
const healthPaths = ['/healthz', '/readyz'];

/** The end of a request. */
export function requestEntry(event: EventOf<'request_ended'>): LogEntry {
  const level = healthPaths.includes(event.path) || isRoutine(event) ? 'debug' : 'info';
  const { code } = event;
  return entry(level, `${event.method} ${event.path} ${event.status}`, () => ({
    ...run({ ...nobody, ...event.run, requestId: event.requestId, keyId: event.keyId }),
    client_request_id: event.clientRequestId ?? undefined,
    client_address: event.clientAddress ?? undefined,
    repeat_of: event.repeatOf,
    duration_ms: round(event.durationMs),
    ...(code === null ? {} : { ...stage(stageOf(code)), code }),
  }));
}

/** An open console reads every few seconds. What it changes, and what fails, is told as of anybody. */
function isRoutine({ isConsoleRead, status }: EventOf<'request_ended'>): boolean {
  return isConsoleRead === true && (status < 400 || status === callerLeft);
}

/** Whoever closes a page leaves its stream of events. */
const callerLeft = 499;

const nobody = { runId: null, agentId: null, modulePath: null, generation: null };

const refusals: Partial<Record<FailureCode, Stage>> = {
  key_missing: 'policy',
  key_invalid: 'policy',
  session_expired: 'policy',
  csrf_token_invalid: 'policy',
  not_allowed: 'policy',
  agent_not_found: 'policy',
  rate_limited: 'policy',
  quota_exhausted: 'policy',
  price_unknown: 'policy',
  run_limit_exceeded: 'policy',
  agent_unavailable: 'load',
  worker_crashed: 'worker',
  tool_failed: 'tool',
  guardrail_blocked: 'guardrail',
  upstream_failed: 'model',
  upstream_refused: 'model',
  upstream_rate_limited: 'model',
  upstream_unavailable: 'model',
  upstream_timeout: 'model',
};

/** Where a request was refused or failed, by its code. The line of its run knows better, where there is one. */
function stageOf(code: FailureCode): Stage {
  return refusals[code] ?? 'run';
}

/** A request that failed over something unforeseen. */
export function requestFailureEntry(event: EventOf<'request_failed'>): LogEntry {
  const isOurs = event.code === 'gateway_failed';
  return entry(isOurs ? 'error' : 'warn', `request failed: ${event.code}`, () => ({
    request_id: event.requestId,
    ...stage('run'),
    code: event.code,
    ...thrown(event.error),
  }));
}

/** A decision. */
export function decisionEntry(event: EventOf<'access_decided'>): LogEntry {
  const { answer, rule } = event.decision;
  return entry(decisionLevel(answer, rule?.source ?? null), `access ${answer}`, () =>
    decisionFields(event),
  );
}

function decisionFields(event: EventOf<'access_decided'>) {
  const { action, resource, ...detail } = decisionDetail(event);
  const { modulePath = null } = event.question;
  const { runId = null, generation = null } = event.run ?? {};
  return {
    ...run({ ...detail, modulePath, runId, generation }),
    module_path: action === 'load_module' ? resource : (modulePath ?? undefined),
    principal: event.question.principal.id,
    role: detail.role ?? undefined,
    action,
    resource,
    tool: detail.tool ?? undefined,
    rule_id: detail.ruleId ?? undefined,
    tier: detail.tier,
    source: detail.source ?? undefined,
    reason: detail.reason ?? undefined,
    ...(answerIsDeny(event) ? { ...stage('policy'), code: 'not_allowed' } : {}),
  };
}

function answerIsDeny({ decision }: EventOf<'access_decided'>): boolean {
  return decision.answer === 'deny';
}

/** What is always allowed is the routine; that it is only for now is worth a line. */
function decisionLevel(effect: Answer, source: string | null): LogEntry['level'] {
  if (effect === 'deny') return 'warn';
  return source === 'override' ? 'info' : 'debug';
}
