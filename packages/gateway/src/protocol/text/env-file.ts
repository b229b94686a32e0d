import { parseEnv } from 'node:util';

/** What a `.env` file holds, and which of its lines hold nothing that counts. */
export type EnvFile = {
  readonly values: Readonly<Record<string, string>>;
  /** Lines that are neither empty, nor a comment, nor `NAME=value`; counted from 1. */
  readonly unreadLines: readonly number[];
};

/** Reads the text of a `.env` file as Node does; a value in quotes may go over lines. */
export function readEnvFile(text: string): EnvFile {
  const values = Object.fromEntries(
    Object.entries(parseEnv(text)).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  return { values, unreadLines: unreadLinesOf(text) };
}

function unreadLinesOf(text: string): number[] {
  const unread: number[] = [];
  let line = 1;
  for (let at = 0; at < text.length; ) {
    const end = endOfEntry(text, at);
    const entry = text.slice(at, end);
    const trimmed = entry.trim();
    if (trimmed !== '' && !trimmed.startsWith('#') && !assignment.test(entry)) unread.push(line);
    line += entry.split('\n').length;
    at = end + 1;
  }
  return unread;
}

const assignment = /^\s*(?:export\s+)?[^\s=#]+\s*=/;

/** Index of the line's end, or, where it opens a quote that is closed further down, of that line's. */
function endOfEntry(text: string, start: number): number {
  const opened = /^\s*(?:export\s+)?[^\s=#]+\s*=[^\S\n]*(["'`])/.exec(lineAt(text, start));
  const quote = opened?.[1];
  const closing = opened && quote ? text.indexOf(quote, start + opened[0].length) : -1;
  const end = text.indexOf('\n', closing === -1 ? start : closing);
  return end === -1 ? text.length : end;
}

function lineAt(text: string, start: number): string {
  const end = text.indexOf('\n', start);
  return text.slice(start, end === -1 ? text.length : end);
}
