import { fileURLToPath } from 'node:url';
import { isLocalPath } from '../load/local-files.ts';

/** A place in a text; line and column count from 1. */
export type Place = { readonly line: number; readonly column: number };

/** Where the first match begins; null where there is none. */
export function placeOf(text: string, pattern: RegExp): Place | null {
  const match = pattern.exec(text);
  if (!match) return null;
  const before = text.slice(0, match.index).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** A place in one of the author's files. */
export type OwnFrame = Place & { readonly file: string };

/** First frame of an error's stack that lies in the author's own code; null where none does. */
export function ownFrame(error: unknown): OwnFrame | null {
  return ownFrames(error)[0] ?? null;
}

/** Frames of an error's stack that lie in the author's own code, the innermost first. */
export function ownFrames(error: unknown): OwnFrame[] {
  const stack = error instanceof Error && typeof error.stack === 'string' ? error.stack : '';
  const frames = stack.split('\n').flatMap((line) => parseFrame(line) ?? []);
  return frames.filter(({ file }) => isLocalPath(file));
}

function parseFrame(line: string): OwnFrame | null {
  const match = /(?:^|[\s(])((?:file:\/\/)?\/[^()]*?):(\d+):(\d+)\)?$/.exec(line.trimEnd());
  const place = match?.[1];
  if (!match || place === undefined || !/^\s+at /.test(line)) return null;
  const file = place.startsWith('file:') ? fileURLToPath(place) : place;
  return { file, line: Number(match[2]), column: Number(match[3]) };
}
