import type { FailureCode } from '../../errors.ts';
import type { FailureDetail, RunEvent, Usage } from '../../protocol/run.ts';
import { failureHeader } from '../../protocol/worker/broker-headers.ts';
import { failureDetail } from '../explain/failure-detail.ts';
import { isBrokerFailure } from '../models/broker-failure.ts';
import { classNameOf, fieldsOf } from '../sdk.ts';
import { RunStop } from './run-scope.ts';

/** The last event of a run that threw, and what the log learns of it. */
export type ClassifiedFailure = {
  readonly event: Extract<RunEvent, { type: 'failed' }> | Extract<RunEvent, { type: 'finished' }>;
  readonly detail: FailureDetail;
};

type Failed = Extract<RunEvent, { type: 'failed' }>;
type Verdict = {
  readonly code: FailureCode;
  readonly message: string;
  readonly stage: FailureDetail['stage'];
  readonly retryAfterSeconds?: number;
};

/**
 * Makes the final event of a run out of anything it threw. Classes are told by constructor name: a module may bring
 * another copy of the SDK, where `instanceof` and `name` say nothing. The message is the gateway's own, never the inner one.
 *
 * @param context - `cancelled` outweighs whatever was thrown; `usage` is what the run has cost until then.
 */
export function classifyFailure(
  thrown: unknown,
  context: { readonly cancelled: boolean; readonly usage: Usage },
): ClassifiedFailure {
  const { usage } = context;
  const cause = unwrapped(thrown);
  const blockedBy = context.cancelled ? null : blocker(cause);
  if (blockedBy !== null) {
    const event = { type: 'finished', reason: 'content_filter', usage, blockedBy } as const;
    return { event, detail: failureDetail(cause, 'guardrail') };
  }
  const { stage, ...verdict } = context.cancelled ? cancelled : verdictOn(thrown);
  const detail = failureDetail(cause, stage);
  const event: Failed = { type: 'failed', ...verdict, detail, usage };
  return { event, detail };
}

const cancelled: Verdict = {
  code: 'run_cancelled',
  message: 'The run was cancelled.',
  stage: 'run',
};

const refusedCredentials: Verdict = {
  code: 'upstream_refused',
  message:
    "The upstream refused the gateway's credentials; its operator has to check the upstream's key.",
  stage: 'model',
};

const upstreamFailed: Verdict = {
  code: 'upstream_failed',
  message: 'The upstream of the model failed or broke off its answer; try again.',
  stage: 'model',
};

const upstreamLimits: Verdict = {
  code: 'upstream_rate_limited',
  message: 'The upstream of the model limits the rate of requests; try again later.',
  stage: 'model',
};

const upstreamUnavailable: Verdict = {
  code: 'upstream_unavailable',
  message: 'The upstream of the model cannot be reached or takes no requests now; try again later.',
  stage: 'model',
};

const upstreamTimedOut: Verdict = {
  code: 'upstream_timeout',
  message: 'The upstream of the model took too long to answer.',
  stage: 'model',
};

const verdictsByClass: Readonly<Record<string, Verdict>> = {
  MaxTurnsExceededError: {
    code: 'max_turns_exceeded',
    message: 'The agent needed more turns than it is allowed.',
    stage: 'run',
  },
  ToolCallError: { code: 'tool_failed', message: 'A tool of the agent failed.', stage: 'tool' },
  ToolTimeoutError: {
    code: 'tool_failed',
    message: 'A tool of the agent took too long.',
    stage: 'tool',
  },
  GuardrailExecutionError: {
    code: 'run_failed',
    message: 'A guardrail of the agent failed.',
    stage: 'guardrail',
  },
  ModelTimeoutError: { ...upstreamFailed, message: 'The model took too long to answer.' },
  APIConnectionError: upstreamFailed,
  APIConnectionTimeoutError: upstreamFailed,
};

const runFailed: Verdict = {
  code: 'run_failed',
  message: 'The agent failed while it ran; the cause is in the log of the gateway.',
  stage: 'run',
};

function verdictOn(thrown: unknown): Verdict {
  const cause = unwrapped(thrown);
  if (cause instanceof RunStop) {
    const stage = cause.code === 'approval_unsupported' ? 'tool' : 'run';
    return { code: cause.code, message: cause.message, stage };
  }
  const own = ownVerdict(cause);
  if (own) return own;
  const name = classNameOf(thrown);
  const known = Object.hasOwn(verdictsByClass, name) ? verdictsByClass[name] : undefined;
  if (known) return known;
  if (name === 'ModelBehaviorError') return modelBehaviorVerdict(thrown);
  if (isUpstreamError(thrown)) return upstreamVerdict(thrown);
  return comesFromModelClient(thrown) ? upstreamFailed : runFailed;
}

/** The SDK's own word for a stream that ended early or a terminal event that says failure. */
function modelBehaviorVerdict(thrown: unknown): Verdict {
  const message = String(fieldsOf(thrown).message);
  const isUpstream = /unsuccessful terminal state|terminal event|final response/.test(message);
  if (isUpstream) return upstreamFailed;
  return {
    ...runFailed,
    message: 'The model answered in a form the agent cannot use.',
    stage: 'model',
  };
}

function upstreamVerdict(thrown: unknown): Verdict {
  const { status, code, headers } = fieldsOf(thrown);
  if (code === 'context_length_exceeded') {
    return {
      code: 'context_too_long',
      message: "The conversation is longer than the model's context; shorten it.",
      stage: 'model',
    };
  }
  if (status === 401 || status === 403) return refusedCredentials;
  if (status === 404) {
    return refused(
      'The upstream has no such model or route; the agent names one it does not offer.',
    );
  }
  if (status === 504) return upstreamTimedOut;
  if (status === 429 || status === 503) {
    const seconds = retryAfterSeconds(headers);
    return {
      ...(status === 429 ? upstreamLimits : upstreamUnavailable),
      ...(seconds === null ? {} : { retryAfterSeconds: seconds }),
    };
  }
  const isRefusal = typeof status === 'number' && status >= 400 && status < 500;
  return isRefusal ? refused('The upstream of the model refused the request.') : upstreamFailed;
}

const refusedByGateway: Verdict = {
  code: 'run_failed',
  message: 'The gateway refused a model call of the agent; the cause is in the log of the gateway.',
  stage: 'model',
};

/** Failures of a call itself: what the agent asks, or with which key, is its own fault. With their statuses. */
const callFaults: Readonly<Record<string, number>> = {
  key_invalid: 401,
  not_allowed: 403,
  route_not_found: 404,
  method_not_allowed: 405,
  unsupported_content_type: 400,
};

function isRefusal(code: string): code is (typeof refusals)[number] {
  return (refusals as readonly string[]).includes(code);
}

const refusals = [
  'quota_exhausted',
  'price_unknown',
  'run_limit_exceeded',
  'store_unavailable',
  'approval_unavailable',
] as const;

/** What the gateway refused, not the upstream: its words are fit for the caller. */
function ownVerdict(thrown: unknown): Verdict | null {
  const { headers, error, status } = fieldsOf(thrown);
  const code = headers instanceof Headers ? headers.get(failureHeader) : null;
  if (code === null) return null;
  if (Object.hasOwn(callFaults, code) && callFaults[code] === status) return refusedByGateway;
  if (!isRefusal(code)) return null;
  const { message } = fieldsOf(error);
  const seconds = retryAfterSeconds(headers);
  return {
    code,
    message: typeof message === 'string' ? message : 'The gateway takes no more model calls now.',
    stage: 'model',
    ...(seconds === null ? {} : { retryAfterSeconds: seconds }),
  };
}

function refused(message: string): Verdict {
  return { code: 'upstream_refused', message, stage: 'model' };
}

/** Errors of the `openai` client: a status, or the one it throws for an error inside a stream. */
function isUpstreamError(thrown: unknown): boolean {
  const { status, headers } = fieldsOf(thrown);
  return (
    classNameOf(thrown) === 'APIError' || (typeof status === 'number' && headers !== undefined)
  );
}

/** Answers that no client understands surface as plain errors: known by our mark, or by the package that threw them. */
function comesFromModelClient(thrown: unknown): boolean {
  if (isBrokerFailure(thrown)) return true;
  if (!['SyntaxError', 'TypeError', 'OpenAIError'].includes(classNameOf(thrown))) return false;
  const stack = fieldsOf(thrown).stack;
  if (typeof stack !== 'string') return false;
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const first = frames.find((frame) => !/node:|<anonymous>/.test(frame)) ?? '';
  const isClients = /node_modules.(?:openai|@openai.agents-openai)[\\/]/.test(first);
  return isClients && !frames.some((frame) => preparesCall.test(frame));
}

/** Where clients make a call of what they are given: what fails there has not reached an upstream. */
const preparesCall =
  /\bnew \w*(?:OpenAI|Provider)\b|\b(?:itemsToMessages|extractAll\w+|toolToOpenAI|convert\w*Tool\w*|get\w*Tool\w*|getInputItems|getResponseFormat|_?#?build\w*|prepareOptions|authHeaders|validateHeaders)\b.*\(/;

/** Who stopped the run on purpose: a guardrail, the model itself; null where nobody did. */
function blocker(cause: unknown): string | null {
  const name = classNameOf(cause);
  if (name === 'ModelRefusalError') return 'refusal of the model';
  if (!name.endsWith('TripwireTriggered')) return null;
  const result = fieldsOf(fieldsOf(cause).result ?? fieldsOf(cause).guardrailResult);
  const named = fieldsOf(result.guardrail).name ?? fieldsOf(result.info).guardrail_name;
  return typeof named === 'string' ? named : name;
}

/** Wrappers of the SDK hold what was thrown inside; a wrapped wrapper occurs with agents used as tools. */
function unwrapped(thrown: unknown): unknown {
  const { error } = fieldsOf(thrown);
  const isWrapper = ['ToolCallError', 'GuardrailExecutionError'].includes(classNameOf(thrown));
  return isWrapper && error instanceof Error ? unwrapped(error) : thrown;
}

function retryAfterSeconds(headers: unknown): number | null {
  if (!(headers instanceof Headers)) return null;
  const ms = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (ms > 0) return Math.ceil(ms / 1000);
  const value = headers.get('retry-after');
  if (value === null) return null;
  const seconds = Number(value);
  const until = Number.isNaN(seconds) ? (Date.parse(value) - Date.now()) / 1000 : seconds;
  return until >= 0 ? Math.ceil(until) : null;
}
