import { styleText } from 'node:util';
import { shownJson, shownText } from '../protocol/text/shown-text.ts';

/** How a piece of text stands out where colours are shown. */
export type Style = 'bold' | 'dim' | 'red' | 'yellow' | 'green' | 'cyan';

/**
 * Where a command writes. The only way to the console: what agents, callers and colleagues wrote may colour itself, but
 * not move the cursor, clear the screen or look like something else.
 */
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
    line: (text) => void process.stdout.write(`${shownText(text)}\n`),
    json: (value) => void process.stdout.write(`${shownJson(value, 2)}\n`),
    note: (text) => void process.stderr.write(`${shownText(text)}\n`),
    styled: (style, text) => styleText(style, text, { stream: process.stdout }),
  };
}

/**
 * Resolves once all that was written has left this process, at the pace of who reads it, or nobody reads it any more:
 * an exit drops what a pipe has not taken yet.
 */
export async function whenWritten(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(whenStreamIsWritten));
}

function whenStreamIsWritten(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

// Whoever read it, such as `head`, has seen enough; the work itself goes on.
function surviveClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}
