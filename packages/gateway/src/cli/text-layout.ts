/** Width that everything the commands print for people fits in. */
export const terminalWidth = 80;

/**
 * Breaks a text at spaces into lines of a width, and what stands in backticks only where it is longer than that; a longer
 * word gets a line of its own. Line breaks stay, and what is behind a blank line is code, which stays as it is.
 */
export function wrap(text: string, width: number): string[] {
  const [prose = '', ...code] = text.split('\n\n');
  const lines = prose.split('\n').flatMap((paragraph) => wrapParagraph(paragraph, width));
  return [...lines, ...code.flatMap((block) => ['', ...block.split('\n')])];
}

function wrapParagraph(paragraph: string, width: number): string[] {
  const spans = paragraph.match(/(?:`[^`]*`|[^ `]|`)+/g) ?? [''];
  const words = spans.flatMap((span) => (span.length > width ? span.split(' ') : [span]));
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** A text of one line, cut with `…` where it is longer than a width. */
export function cut(text: string, width: number): string {
  const oneLine = text.replace(/\s+/g, ' ').trim();
  return oneLine.length > width ? `${oneLine.slice(0, Math.max(0, width - 1))}…` : oneLine;
}

/** Rows with their columns aligned, two spaces between them; the last column is as long as it is. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, index) =>
    Math.max(...rows.map((row) => (row[index] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** A time (ISO 8601, UTC) to the second. */
export function toSecond(time: string): string {
  return time.slice(0, 19).concat('Z');
}

/** `1 error`, `2 errors`. */
export function count(many: number, what: string): string {
  return `${many} ${what}${many === 1 ? '' : 's'}`;
}
