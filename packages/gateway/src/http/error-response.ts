import { failures, type GatewayError } from '../errors.ts';
import type { Role } from '../protocol/policy.ts';
import { foldStack } from '../protocol/text/fold-stack.ts';

/** OpenAI's envelope. `dropgate` is there for admins only. */
export type ErrorBody = {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly param: string | null;
    readonly code: string | null;
    readonly dropgate?: unknown;
  };
};

/** A failure as HTTP. */
export type ErrorResponse = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorBody;
};

/** Seconds that clients wait at least and at most; some obey any number, some ignore one above 60. */
const retryAfterSeconds = { least: 1, otherwise: 5, most: 60 };

/** The only place where a failure becomes a response. `role` of who asks decides how much is shown. */
export function errorResponse(error: GatewayError, role: Role | null): ErrorResponse {
  const { status } = failures[error.code];
  return {
    status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      ...(error.mayRetry ? {} : { 'x-should-retry': 'false' }),
      ...(status === 429 || status === 503 ? { 'retry-after': retryAfter(error) } : {}),
      ...(status === 401 ? { 'www-authenticate': challengeOf(error) } : {}),
    },
    body: errorBody(error, role),
  };
}

/** The envelope alone, for a stream that has begun. */
export function errorBody(error: GatewayError, role: Role | null): ErrorBody {
  const { type, wireCode } = failures[error.code];
  const { message, param } = error;
  const detail = role === 'admin' ? adminDetail(error) : undefined;
  return {
    error: {
      message,
      type,
      param,
      code: wireCode,
      ...(detail === undefined ? {} : { dropgate: detail }),
    },
  };
}

/** RFC 6750: a client that can get tokens knows by this that it needs a new one. */
function challengeOf({ code }: GatewayError): string {
  return code === 'token_invalid' ? 'Bearer error="invalid_token"' : 'Bearer';
}

function retryAfter(error: GatewayError): string {
  const { least, otherwise, most } = retryAfterSeconds;
  const seconds = Math.ceil(error.retryAfterSeconds ?? otherwise);
  return String(Math.min(Math.max(seconds, least), most));
}

function adminDetail({ code, adminDetail: detail, cause }: GatewayError): unknown {
  if (detail === undefined && cause === undefined) return undefined;
  return {
    failure: code,
    ...(detail === undefined ? {} : { detail }),
    ...(cause instanceof Error ? { cause: foldStack(cause.stack ?? cause.message) } : {}),
  };
}
