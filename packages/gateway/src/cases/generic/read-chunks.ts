import { errorIn, fieldOf } from './endpoint.ts';

/** What an answer said that came as it was made. */
export type Streamed = {
  readonly text: string;
  /** Chunks in their order, parsed. */
  readonly chunks: readonly unknown[];
};

/**
 * Reads the text of an event stream as callers do.
 *
 * @returns What it said, or in a sentence why it is no answer.
 */
export function readChunks(text: string): Streamed | string {
  const events = text.split('\n\n').filter((event) => event !== '' && !event.startsWith(':'));
  const stray = events.find((event) => !event.startsWith('data: '));
  if (stray !== undefined) return `A part of the stream is no data line: ${shown(stray)}`;
  const data = events.map((event) => event.slice('data: '.length));
  const chunks: unknown[] = [];
  for (const part of data.filter((each) => each !== '[DONE]')) {
    try {
      chunks.push(JSON.parse(part));
    } catch {
      return `A part of the stream is no JSON: ${shown(part)}`;
    }
  }
  const failure = chunks.map(errorIn).find((each) => each !== null);
  if (failure != null) return `Its stream ended with an error: ${failure}`;
  if (data.at(-1) !== '[DONE]') return 'Its stream ended without [DONE].';
  return checkChunks(chunks);
}

function checkChunks(chunks: readonly unknown[]): Streamed | string {
  const choices = chunks.flatMap((chunk) => listOf(fieldOf(chunk, 'choices')));
  const reasons = choices
    .map((choice) => fieldOf(choice, 'finish_reason'))
    .filter((reason) => typeof reason === 'string');
  if (reasons.length !== 1) {
    return `Its stream has ${reasons.length} finish_reason, and callers wait for exactly one.`;
  }
  const usages = chunks
    .map((chunk) => fieldOf(chunk, 'usage'))
    .filter((usage) => usage !== null && usage !== undefined);
  if (usages.length !== 1) return `Its stream tells its usage ${usages.length} times, not once.`;
  const wrong = wrongUsage(usages[0]);
  if (wrong !== null) return wrong;
  const deltas = choices.map((choice) => fieldOf(fieldOf(choice, 'delta'), 'content'));
  return { chunks, text: deltas.filter((each) => typeof each === 'string').join('') };
}

/** What is wrong with a count of tokens, in a sentence; null where nothing is. */
export function wrongUsage(usage: unknown): string | null {
  const [sent, said, total] = ['prompt_tokens', 'completion_tokens', 'total_tokens'].map((name) =>
    fieldOf(usage, name),
  );
  if (isCount(sent) && isCount(said) && total === sent + said) return null;
  return `Its usage is no count of tokens: ${shown(JSON.stringify(usage) ?? 'nothing')}`;
}

/** A list, or none of something that is no list. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0;
}

function shown(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
