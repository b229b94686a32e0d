import type { UpstreamApi } from '../../protocol/records.ts';
import type { Usage } from '../../protocol/run.ts';
import { createAnswerMeter } from './answer-meter.ts';

/** As much of an error's body as is kept for the log. */
const MAX_ERROR_LENGTH = 2048;
/** Longest mark of an end that could be cut by a chunk's border. */
const MARK_LENGTH = 32;
const BYTES_PER_TOKEN = 4;

/** What tells that a stream of events came to its own end, rather than being cut. */
const END_MARKS: Record<UpstreamApi, RegExp> = {
  responses:
    /\[DONE\]|response\.(?:completed|failed|incomplete|cancelled)|"error":\s?\{|: ?error\n/,
  chat_completions: /\[DONE\]|"finish_reason":\s?"|"error":\s?\{/,
};

export type AnswerWatch = {
  read(chunk: Buffer): void;
  usage(): Usage | null;
  /** Whether an event stream reached its end; always true of anything else. */
  isWhole(): boolean;
  /** What an answer with an error status says, cut short; null for any other. */
  error(): string | null;
  /** Tokens that came so far, where none are counted: one an event of a stream. 0 unless asked for. */
  outputEstimate(): number;
};

/** Watches an answer on its way through, at the cost of a string search per chunk. */
export function createAnswerWatch(answer: {
  readonly status: number;
  /** Set for an event stream of model output. */
  readonly streamOf: UpstreamApi | null;
  readonly estimatesOutput: boolean;
}): AnswerWatch {
  const meter = createAnswerMeter();
  const mark = answer.streamOf === null ? null : END_MARKS[answer.streamOf];
  let ended = mark === null;
  let tail = '';
  let excerpt = '';
  let outputTokens = 0;
  return {
    usage: meter.usage,
    isWhole: () => ended,
    outputEstimate: () => Math.ceil(outputTokens),
    error: () => (answer.status < 400 ? null : describeError(answer.status, excerpt)),
    read(chunk) {
      const piece = chunk.toString('latin1');
      meter.read(piece);
      if (answer.estimatesOutput) {
        outputTokens += mark === null ? piece.length / BYTES_PER_TOKEN : countEvents(piece);
      }
      if (answer.status >= 400 && excerpt.length < MAX_ERROR_LENGTH) excerpt += chunk.toString();
      if (ended || mark === null) return;
      ended = mark.test(tail + piece);
      tail = (tail + piece).slice(-MARK_LENGTH);
    },
  };
}

function countEvents(piece: string): number {
  return piece.split('data:').length - 1;
}

function describeError(status: number, body: string): string {
  const message = /"message"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body;
  return `HTTP ${status}: ${message.slice(0, MAX_ERROR_LENGTH)}`.trimEnd();
}
