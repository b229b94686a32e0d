/** A place in a text; line and column count from 1. */
export type Place = { readonly line: number; readonly column: number };

/** The line with two around it, numbered, and a mark under the column. */
export function codeFrame(text: string, { line, column }: Place): string {
  const lines = text.split('\n');
  const first = Math.max(1, line - 2);
  const last = Math.min(lines.length, line + 2);
  const width = String(last).length;
  const frame: string[] = [];
  for (let number = first; number <= last; number += 1) {
    const mark = number === line ? '>' : ' ';
    frame.push(`${mark} ${String(number).padStart(width)} | ${lines[number - 1] ?? ''}`.trimEnd());
    if (number === line) frame.push(`  ${' '.repeat(width)} | ${' '.repeat(column - 1)}^`);
  }
  return frame.join('\n');
}

/** Where the first match begins; null where there is none. */
export function placeOf(text: string, pattern: RegExp): Place | null {
  const match = pattern.exec(text);
  if (!match) return null;
  const before = text.slice(0, match.index).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}
