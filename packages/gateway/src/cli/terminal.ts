import { writeSync } from 'node:fs';
import { styleText } from 'node:util';
import { shownJson, shownText } from '../protocol/text/shown-text.ts';
import type { AsTyped } from './typed-command.ts';

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
  /** What is under way: on a terminal one line that rewrites itself until '' ends it, elsewhere a note each time. */
  progress(text: string): void;
  /** The text with its commands as they have to be typed; `line` and `note` do it by themselves. */
  readonly asTyped: AsTyped;
  /** The text, styled where standard output is a terminal with colours. */
  styled(style: Style, text: string): string;
};

type Streams = { readonly stdout: NodeJS.WriteStream; readonly stderr: NodeJS.WriteStream };

/** The terminal of this process, or of other streams; the commands in its texts are shown as they have to be typed. */
export function createTerminal(asTyped: AsTyped, { stdout, stderr }: Streams = process): Terminal {
  const shown = (text: string): string => shownText(asTyped(text));
  for (const stream of [stdout, stderr]) stream.on('error', surviveClosedPipe);
  let isUnderWay = false;
  const rewrite = (text: string): void => {
    if (!isUnderWay && text === '') return;
    isUnderWay = text !== '';
    // A line that wraps cannot be written over.
    stderr.write(`\r\u001B[2K${shownText(text).slice(0, (stderr.columns ?? 80) - 1)}`);
  };
  const note = (text: string): void => {
    rewrite('');
    stderr.write(`${shown(text)}\n`);
  };
  return {
    note,
    asTyped,
    line(text) {
      rewrite('');
      stdout.write(`${shown(text)}\n`);
    },
    json: (value) => void stdout.write(`${shownJson(value, 2)}\n`),
    progress(text) {
      if (stderr.isTTY) rewrite(text);
      else if (text !== '') note(text);
    },
    styled: (style, text) => styleText(style, text, { stream: stdout }),
  };
}

/**
 * Resolves once all that was written has left this process, at the pace of who reads it, or nobody reads it any more:
 * an exit drops what a pipe has not taken yet.
 *
 * @param limitMs - How long that may take at most; null for as long as it takes.
 */
export async function whenWritten(limitMs: number | null): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const timer = limitMs === null ? null : setTimeout(limit.resolve, limitMs);
  const written = Promise.all([process.stdout, process.stderr].map(whenStreamIsWritten));
  await Promise.race([written, limit.promise]);
  if (timer) clearTimeout(timer);
}

function whenStreamIsWritten(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write('', () => resolve());
  });
}

/** Whoever read it, such as `head`, has seen enough; the work itself goes on. Where it cannot be kept, it is for nothing. */
function surviveClosedPipe({ code }: NodeJS.ErrnoException): void {
  if (code === 'EPIPE') return;
  try {
    writeSync(process.stderr.fd, `error: The output cannot be written (${code}).\n`);
  } finally {
    process.exit(1);
  }
}
