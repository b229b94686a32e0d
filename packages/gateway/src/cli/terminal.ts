import { styleText } from 'node:util';

/** How a piece of text stands out where colours are shown. */
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/** Where a command writes. The only way to the console. */
export type Terminal = {
  /** A result: standard output. */
  line(text: string): void;
  /** A result for scripts: one JSON document on standard output. */
  json(value: unknown): void;
  /** Something about the work itself: standard error, so that results stay clean. */
  note(text: string): void;
  /** The text, styled where standard output is a terminal with colours. */
  styled(style: Style, text: string): string;
};

/** The terminal of this process. */
export function createTerminal(): Terminal {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', surviveClosedPipe);
  return {
    line: (text) => void process.stdout.write(`${shown(text)}\n`),
    json: (value) => void process.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    note: (text) => void process.stderr.write(`${shown(text)}\n`),
    styled: (style, text) => styleText(style, text, { stream: process.stdout }),
  };
}

// What agents, callers and colleagues wrote may colour itself, but not move the cursor or clear the screen.
function shown(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
  const controls = /\x1b\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
  return text.replace(controls, (found) => (found.length > 1 ? found : ''));
}

// Whoever read it, such as `head`, has seen enough; the work itself goes on.
function surviveClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
