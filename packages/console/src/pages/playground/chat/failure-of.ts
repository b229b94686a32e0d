import { ApiError } from '../../../api/client.ts';
import { text } from '../../../strings/text.ts';
import type { Failure } from './chat-types.ts';

/** Why a question was not answered whole, of what was thrown meanwhile. */
export function failureOf(error: unknown): Failure {
  const isAnswered = error instanceof ApiError && error.status > 0;
  if (!isAnswered && !navigator.onLine) return unanswered('offline');
  if (!(error instanceof ApiError)) return brokenStream();
  const { message, code, requestId, retryAfterSeconds, detail, status } = error;
  const retryAtMs = retryAfterSeconds === null ? null : Date.now() + retryAfterSeconds * 1000;
  const about = { message, code, requestId, retryAtMs, detail };
  if (status === 0) return unanswered('gone');
  if (status === 401) return { ...about, kind: 'session', message: text.playground.faults.session };
  return { ...about, kind: 'refused' };
}

/** The failure of a stream that ended before its last event. */
export function brokenStream(): Failure {
  return unanswered('broken');
}

function unanswered(kind: 'broken' | 'gone' | 'offline'): Failure {
  const message = text.playground.faults[kind];
  return { kind, message, code: null, requestId: null, retryAtMs: null, detail: undefined };
}
