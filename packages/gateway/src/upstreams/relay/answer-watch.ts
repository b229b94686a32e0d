import type { Usage } from '../../protocol/run.ts';
import { type AnswerForm, createAnswerMeter } from './answer-meter.ts';
import type { AnswerTap } from './answer-tap.ts';

/** As much of an error's body as is kept for the log. */
const MAX_ERROR_LENGTH = 2048;

export type AnswerWatch = {
  read(chunk: Buffer): void;
  /** When the first of it came, of `performance.now()`; null before. */
  firstAtMs(): number | null;
  /** Bytes that are held because they may be the count. */
  heldLength(): number;
  /** Lets go of them: what they belong to counts as one that has none. */
  forget(): void;
  /** To be asked for when no more comes, as the next three. */
  usage(): Usage | null;
  answerId(): string | null;
  /** Whether an event stream of a model call reached its end; always true of anything else. */
  isWhole(): boolean;
  /** Tokens that came, where none are counted. */
  outputEstimate(): number;
  /** What an answer with an error status says, cut short; null for any other. */
  error(): string | null;
  /** What a model call's answer with a good status says of a failure; of a whole one to be asked when no more comes. */
  failure(): string | null;
};

/** Watches an answer on its way through, at the cost of a string search per chunk. */
export function createAnswerWatch(answer: {
  readonly status: number;
  readonly form: AnswerForm;
  /** Is given all of it. */
  readonly tap: AnswerTap | null;
}): AnswerWatch {
  const { status, form, tap } = answer;
  const meter = createAnswerMeter(form);
  const hasEnd = form.type === 'events' && form.api !== null;
  let excerpt = '';
  let firstAtMs: number | null = null;
  return {
    firstAtMs: () => firstAtMs,
    heldLength: meter.heldLength,
    forget: meter.forget,
    usage: meter.usage,
    answerId: meter.answerId,
    isWhole: () => !hasEnd || meter.hasEnded(),
    outputEstimate: meter.outputEstimate,
    failure: () => (status < 400 ? meter.failure() : null),
    error: () => (status < 400 ? null : describeError(status, excerpt)),
    read(chunk) {
      firstAtMs ??= performance.now();
      meter.read(chunk);
      tap?.add(chunk);
      if (status >= 400 && excerpt.length < MAX_ERROR_LENGTH) excerpt += chunk.toString();
    },
  };
}

function describeError(status: number, body: string): string {
  const message = /"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body;
  return `HTTP ${status}: ${message.slice(0, MAX_ERROR_LENGTH)}`.trimEnd();
}
