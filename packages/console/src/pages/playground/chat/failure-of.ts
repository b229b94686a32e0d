import { ApiError } from '../../../api/client.ts';
import { text } from '../../../strings/text.ts';
import type { Failure } from './chat-types.ts';

/** Why a question was not answered whole, of what was thrown meanwhile. */
export function failureOf(error: unknown): Failure {
  const plain = { code: null, requestId: null, retryAtMs: null, detail: undefined };
  if (!navigator.onLine)
    return { kind: 'offline', message: text.playground.faults.offline, ...plain };
  if (!(error instanceof ApiError)) return brokenStream();
  const { message, code, requestId, retryAfterSeconds, detail, status } = error;
  const retryAtMs = retryAfterSeconds === null ? null : Date.now() + retryAfterSeconds * 1000;
  const about = { message, code, requestId, retryAtMs, detail };
  if (status === 0) return { ...about, kind: 'gone', message: text.playground.faults.gone };
  if (status === 401) return { ...about, kind: 'session', message: text.playground.faults.session };
  return { ...about, kind: 'refused' };
}

/** The failure of a stream that ended before its last event. */
export function brokenStream(): Failure {
  const message = text.playground.faults.broken;
  return {
    kind: 'broken',
    message,
    code: null,
    requestId: null,
    retryAtMs: null,
    detail: undefined,
  };
}
