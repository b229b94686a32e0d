import { fileURLToPath } from 'node:url';
import { isLocalPath } from '../load/local-files.ts';

/** A place in one of the author's files; line and column count from 1. */
export type OwnFrame = { readonly file: string; readonly line: number; readonly column: number };

/** First frame of an error's stack that lies in the author's own code; null where none does. */
export function ownFrame(error: unknown): OwnFrame | null {
  const stack = error instanceof Error && typeof error.stack === 'string' ? error.stack : '';
  for (const line of stack.split('\n')) {
    const frame = parseFrame(line);
    if (frame && isLocalPath(frame.file)) return frame;
  }
  return null;
}

function parseFrame(line: string): OwnFrame | null {
  const match = /(?:^|[\s(])((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/.exec(line.trimEnd());
  const place = match?.[1];
  if (!match || place === undefined || !/^\s+at /.test(line)) return null;
  const file = place.startsWith('file:') ? fileURLToPath(place) : place;
  return { file, line: Number(match[2]), column: Number(match[3]) };
}
