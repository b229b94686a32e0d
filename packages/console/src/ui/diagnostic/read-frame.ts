/** The code around a place, as an editor takes it. */
export type Frame = {
  readonly code: string;
  /** Number of its first line, from 1. */
  readonly firstLine: number;
  readonly markedLine: number | undefined;
};

/** `> 12 | text`, of which the mark and the number are the gateway's. */
const numbered = /^([> ]) *(\d+) \|(?: (.*))?$/;

/** The line with the mark under a column. */
const caret = /^ +\| *\^$/;

/** Reads a frame as the gateway writes one; null where the text has another form. */
export function readFrame(frame: string): Frame | null {
  const lines: string[] = [];
  let firstLine = 0;
  let markedLine: number | undefined;
  for (const line of frame.split('\n')) {
    const found = numbered.exec(line);
    if (!found) {
      if (caret.test(line)) continue;
      return null;
    }
    const [, mark, digits, code = ''] = found;
    const number = Number(digits);
    if (lines.length === 0) firstLine = number;
    if (number !== firstLine + lines.length) return null;
    if (mark === '>') markedLine = number;
    lines.push(code);
  }
  return lines.length === 0 ? null : { code: lines.join('\n'), firstLine, markedLine };
}
