/** A place in a text; line and column count from 1. */
export type TextPlace = { readonly line: number; readonly column: number };

/** Parsed JSON, or why it is none and where. A byte order mark is no part of it, as for npm. */
export function parseJson(
  source: string,
):
  | { readonly type: 'parsed'; readonly value: unknown }
  | { readonly type: 'broken'; readonly reason: string; readonly place: TextPlace } {
  const text = source.replace(/^\uFEFF/, '');
  const failure = failureOf(text);
  if (failure === null) return { type: 'parsed', value: JSON.parse(text) };
  const place = placeAt(text, failure.position ?? firstBadPosition(text));
  return { type: 'broken', reason: reasonOf(failure.message), place };
}

/** Line and column of a position in a text. */
export function placeAt(text: string, position: number): TextPlace {
  const before = text.slice(0, position).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

type Failure = { readonly message: string; readonly position: number | null };

function failureOf(text: string): Failure | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const position = /at position (\d+)/.exec(message)?.[1];
    return { message, position: position === undefined ? null : Number(position) };
  }
}

/**
 * Node says where JSON breaks, but not for an unexpected token. There it is the end of the longest beginning that
 * could still become JSON.
 */
function firstBadPosition(text: string): number {
  let good = 0;
  let bad = text.length + 1;
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (canContinue(text.slice(0, middle))) good = middle;
    else bad = middle;
  }
  return good;
}

function canContinue(beginning: string): boolean {
  const failure = failureOf(beginning);
  if (failure === null || /end of JSON|Unterminated/.test(failure.message)) return true;
  return failure.position !== null && failure.position >= beginning.length;
}

/** Without the place, which is told apart, and without the text around it. */
function reasonOf(message: string): string {
  return message
    .replace(/ in JSON at position.*$/s, '')
    .replace(/, (\.\.\.)?".*" is not valid JSON$/s, '')
    .replace(/ after JSON at position.*$/s, ' after the end')
    .replace(/ of JSON input$/, ' of the file');
}
