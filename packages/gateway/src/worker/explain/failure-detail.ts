import type { FailureDetail } from '../../protocol/run.ts';
import { ownFrame } from './code-place.ts';

/** Longest stack or message kept. */
const maxTextChars = 8_192;

/** What the log and admins learn of anything thrown, with the first frame in the author's own code. */
export function failureDetail(thrown: unknown, stage: FailureDetail['stage']): FailureDetail {
  if (!(thrown instanceof Error)) {
    return { class: typeof thrown, message: describe(thrown).slice(0, maxTextChars), stage };
  }
  const stack = thrown.stack?.slice(0, maxTextChars);
  return {
    class: thrown.constructor.name,
    message: withCause(thrown).slice(0, maxTextChars),
    ...(stack === undefined ? {} : { stack }),
    ...ownFrame(thrown),
    stage,
  };
}

/** A connection error says what happened only in its cause. */
function withCause({ message, cause }: Error): string {
  return cause instanceof Error && cause.message ? `${message} (${cause.message})` : message;
}

function describe(thrown: unknown): string {
  try {
    return typeof thrown === 'object' ? JSON.stringify(thrown) : String(thrown);
  } catch {
    return 'A value that cannot be shown.';
  }
}
