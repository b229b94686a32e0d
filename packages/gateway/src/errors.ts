/**
 * Every failure a caller can see: HTTP status and OpenAI's `error.type` and `error.code`. A new one is a new row.
 * `retry` false sends `x-should-retry: false`; absent, the client decides by status.
 */
export const failures = {
  invalid_request: { status: 400, type: 'invalid_request_error', wireCode: null },
  invalid_json: { status: 400, type: 'invalid_request_error', wireCode: 'invalid_json' },
  missing_parameter: {
    status: 400,
    type: 'invalid_request_error',
    wireCode: 'missing_required_parameter',
  },
  invalid_type: { status: 400, type: 'invalid_request_error', wireCode: 'invalid_type' },
  invalid_value: { status: 400, type: 'invalid_request_error', wireCode: 'invalid_value' },
  unsupported_parameter: {
    status: 400,
    type: 'invalid_request_error',
    wireCode: 'unsupported_parameter',
  },
  unsupported_value: { status: 400, type: 'invalid_request_error', wireCode: 'unsupported_value' },
  unsupported_content_type: {
    status: 400,
    type: 'invalid_request_error',
    wireCode: 'unsupported_content_type',
  },
  context_too_long: {
    status: 400,
    type: 'invalid_request_error',
    wireCode: 'context_length_exceeded',
  },
  guardrail_blocked: {
    status: 400,
    type: 'invalid_request_error',
    wireCode: 'content_policy_violation',
  },
  key_missing: { status: 401, type: 'invalid_request_error', wireCode: 'missing_api_key' },
  key_invalid: { status: 401, type: 'invalid_request_error', wireCode: 'invalid_api_key' },
  token_invalid: { status: 401, type: 'invalid_request_error', wireCode: 'invalid_token' },
  session_expired: { status: 401, type: 'invalid_request_error', wireCode: 'session_expired' },
  csrf_token_invalid: {
    status: 403,
    type: 'invalid_request_error',
    wireCode: 'csrf_token_invalid',
    retry: false,
  },
  not_allowed: { status: 403, type: 'invalid_request_error', wireCode: 'permission_denied' },
  approval_unavailable: {
    status: 403,
    type: 'invalid_request_error',
    wireCode: 'approval_unavailable',
    retry: false,
  },
  agent_not_found: { status: 404, type: 'invalid_request_error', wireCode: 'model_not_found' },
  route_not_found: { status: 404, type: 'invalid_request_error', wireCode: 'unknown_url' },
  record_not_found: { status: 404, type: 'invalid_request_error', wireCode: 'not_found' },
  not_recorded: {
    status: 400,
    type: 'invalid_request_error',
    wireCode: 'not_recorded',
    retry: false,
  },
  generation_gone: {
    status: 404,
    type: 'invalid_request_error',
    wireCode: 'generation_gone',
    retry: false,
  },
  method_not_allowed: { status: 405, type: 'invalid_request_error', wireCode: 'unknown_url' },
  request_timeout: { status: 408, type: 'invalid_request_error', wireCode: 'request_timeout' },
  conversation_busy: {
    status: 409,
    type: 'invalid_request_error',
    wireCode: 'conversation_busy',
    retry: false,
  },
  approval_answered: {
    status: 409,
    type: 'invalid_request_error',
    wireCode: 'approval_answered',
    retry: false,
  },
  approval_expired: {
    status: 409,
    type: 'invalid_request_error',
    wireCode: 'approval_expired',
    retry: false,
  },
  idempotency_key_reused: {
    status: 409,
    type: 'invalid_request_error',
    wireCode: 'idempotency_key_reused',
    retry: false,
  },
  request_in_progress: {
    status: 409,
    type: 'invalid_request_error',
    wireCode: 'request_in_progress',
  },
  run_outcome_unknown: {
    status: 409,
    type: 'invalid_request_error',
    wireCode: 'run_outcome_unknown',
    retry: false,
  },
  body_too_large: { status: 413, type: 'invalid_request_error', wireCode: 'request_too_large' },
  rate_limited: { status: 429, type: 'requests', wireCode: 'rate_limit_exceeded' },
  quota_exhausted: {
    status: 429,
    type: 'insufficient_quota',
    wireCode: 'insufficient_quota',
    retry: false,
  },
  price_unknown: {
    status: 403,
    type: 'invalid_request_error',
    wireCode: 'price_unknown',
    retry: false,
  },
  run_limit_exceeded: {
    status: 403,
    type: 'invalid_request_error',
    wireCode: 'run_limit_exceeded',
    retry: false,
  },
  run_cancelled: { status: 499, type: 'server_error', wireCode: 'cancelled', retry: false },
  run_failed: { status: 500, type: 'server_error', wireCode: 'agent_error', retry: false },
  worker_crashed: { status: 500, type: 'server_error', wireCode: 'agent_error', retry: false },
  tool_failed: { status: 500, type: 'server_error', wireCode: 'tool_error', retry: false },
  max_turns_exceeded: {
    status: 500,
    type: 'server_error',
    wireCode: 'max_turns_exceeded',
    retry: false,
  },
  approval_unsupported: {
    status: 500,
    type: 'server_error',
    wireCode: 'approval_required',
    retry: false,
  },
  run_state_unreadable: {
    status: 500,
    type: 'server_error',
    wireCode: 'run_state_unreadable',
    retry: false,
  },
  gateway_failed: { status: 500, type: 'server_error', wireCode: 'internal_error', retry: false },
  upstream_failed: { status: 502, type: 'server_error', wireCode: 'upstream_error' },
  upstream_refused: { status: 502, type: 'server_error', wireCode: 'upstream_error', retry: false },
  upstream_rate_limited: { status: 429, type: 'requests', wireCode: 'rate_limit_exceeded' },
  upstream_unavailable: { status: 503, type: 'server_error', wireCode: 'upstream_error' },
  upstream_timeout: {
    status: 504,
    type: 'server_error',
    wireCode: 'upstream_timeout',
    retry: false,
  },
  agent_unavailable: { status: 503, type: 'server_error', wireCode: 'agent_unavailable' },
  overloaded: { status: 503, type: 'server_error', wireCode: 'overloaded' },
  identity_unavailable: { status: 503, type: 'server_error', wireCode: 'identity_unavailable' },
  store_unavailable: { status: 503, type: 'server_error', wireCode: 'store_unavailable' },
  run_timeout: { status: 504, type: 'server_error', wireCode: 'timeout', retry: false },
} as const satisfies Record<string, Failure>;

/** One row of the table of failures. */
export type Failure = {
  readonly status: number;
  readonly type: string;
  readonly wireCode: string | null;
  readonly retry?: false;
};

export type FailureCode = keyof typeof failures;

type GatewayErrorOptions = {
  readonly param?: string;
  readonly cause?: unknown;
  readonly adminDetail?: unknown;
  readonly retryAfterSeconds?: number;
  readonly mayRetry?: boolean;
};

/** A failure with a name. `message` is safe to show a caller; `cause` is for the log and admins only. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: FailureCode;
  /** Path of the offending request field (`messages[0].role`), where there is one. */
  readonly param: string | null;
  /** What only an admin key may see beside the message (a diagnostic, say). */
  readonly adminDetail: unknown;
  /** Seconds after which a retry makes sense, where that is known. */
  readonly retryAfterSeconds: number | null;
  /** False where a retry would repeat what must not be repeated (a tool that ran), whatever the code says. */
  readonly mayRetry: boolean;

  constructor(code: FailureCode, message: string, options: GatewayErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.param = options.param ?? null;
    this.adminDetail = options.adminDetail;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
    this.mayRetry = options.mayRetry ?? !('retry' in failures[code]);
  }

  /** The same, about the field of a request that has another name. */
  about(param: string): GatewayError {
    const { message, cause, adminDetail, retryAfterSeconds, mayRetry } = this;
    const retryAfter = retryAfterSeconds === null ? {} : { retryAfterSeconds };
    return new GatewayError(this.code, message.replaceAll(`\`${this.param}\``, `\`${param}\``), {
      param,
      adminDetail,
      mayRetry,
      ...retryAfter,
      ...(cause === undefined ? {} : { cause }),
    });
  }

  /** Anything thrown, as a `GatewayError`: a stranger becomes `gateway_failed`, its text withheld. */
  static from(thrown: unknown): GatewayError {
    if (thrown instanceof GatewayError) return thrown;
    return new GatewayError(
      'gateway_failed',
      'The gateway failed unexpectedly; its log has the cause.',
      {
        cause: thrown,
      },
    );
  }
}
