import { readFileSync } from 'node:fs';
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
    message: (withCause(thrown) + aboutContext(thrown)).slice(0, maxTextChars),
    ...(stack === undefined ? {} : { stack }),
    ...ownFrame(thrown),
    stage,
  };
}

/** A connection error says what happened only in its cause. */
function withCause({ message, cause }: Error): string {
  return cause instanceof Error && cause.message ? `${message} (${cause.message})` : message;
}

/** What a failure comes of, more often than not, where its line reads the context of the run. */
function aboutContext(thrown: Error): string {
  const frame = ownFrame(thrown);
  const isOfNothing = /of undefined|of null|is not a function|is undefined/.test(thrown.message);
  if (!(thrown instanceof TypeError) || !isOfNothing || !frame) return '';
  try {
    const text = readFileSync(frame.file, 'utf8').split('\n')[frame.line - 1] ?? '';
    return /\bcontext\b/.test(text) ? ` ${contextHint}` : '';
  } catch {
    return '';
  }
}

const contextHint =
  '(The context of a run is `{ request_id, run_id, key, user, metadata, model_id }`, or what the file makes of it: `export const __gateway__ = { context: (request) => ({ … }) };`.)';

function describe(thrown: unknown): string {
  try {
    return typeof thrown === 'object' ? JSON.stringify(thrown) : String(thrown);
  } catch {
    return 'A value that cannot be shown.';
  }
}
