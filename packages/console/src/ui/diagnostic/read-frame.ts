/** The code around a place, as an editor takes it. */
export type Frame = {
  readonly code: string;
  /** Number of its first line, from 1. */
  readonly firstLine: number;
};

/** `> 12 | text` as the gateway writes it, `12 | text` as the parser of TypeScript does. */
const numbered = /^[> ] *(\d+) [|│](?: (.*))?$/;

/** What is no line of the file: marks under a column, and the head and foot of the parser. */
const around = [
  /^ +[|:·│] *[\^─┬╰`-]/,
  /^ *[|:·│] *$/,
  /^ *[×x] /,
  /^ *(?:,-|╭─)/,
  /^ *(?:`-|╰─)/,
  /^ *help: /,
];

/** Reads a frame; null where the text has another form, such as a stack. */
export function readFrame(frame: string): Frame | null {
  const lines: string[] = [];
  let firstLine = 0;
  for (const line of frame.split('\n')) {
    const found = numbered.exec(` ${line}`) ?? numbered.exec(line);
    if (!found) {
      if (around.some((form) => form.test(line))) continue;
      return null;
    }
    const [, digits, code = ''] = found;
    const number = Number(digits);
    if (lines.length === 0) firstLine = number;
    if (number !== firstLine + lines.length) return null;
    lines.push(code);
  }
  while (lines.at(-1) === '') lines.pop();
  return lines.length === 0 ? null : { code: lines.join('\n'), firstLine };
}
