import type { TextPlace } from '../json-place.ts';

/** One string of a list, and where it is written. */
export type ListedString = { readonly text: string; readonly place: TextPlace };

/**
 * The strings of one list in TOML, of which nothing else is read.
 *
 * @param table - Name of the table the key lies in; null for the top level.
 * @returns Null where there is no such list.
 */
export function stringList(
  source: string,
  table: string | null,
  key: string,
): ListedString[] | null {
  const start = new RegExp(`^\\s*${key}\\s*=\\s*\\[`);
  for (const { line, offset } of linesIn(source, table)) {
    const begun = start.exec(line);
    if (begun) return stringsFrom(source, offset + begun[0].length);
  }
  return null;
}

/** One string in TOML, found as a list is; null where there is none of that key. */
export function plainString(
  source: string,
  table: string | null,
  key: string,
): ListedString | null {
  const written = new RegExp(`^\\s*${key}\\s*=\\s*(?:"([^"\\n]*)"|'([^'\\n]*)')`);
  for (const { line, offset } of linesIn(source, table)) {
    const [, text = '', plain] = written.exec(line) ?? [];
    if (written.test(line)) return { text: plain ?? text, place: createPlaces(source)(offset) };
  }
  return null;
}

/** The lines of one table, with where each begins. */
function* linesIn(source: string, table: string | null) {
  let current: string | null = null;
  let offset = 0;
  for (const line of source.split(/(?<=\n)/)) {
    const header = /^\s*\[([^[\]]+)\]/.exec(line)?.[1]?.trim();
    if (header !== undefined) current = header;
    else if (current === table) yield { line, offset };
    offset += line.length;
  }
}

const item = /\s*(?:#[^\n]*|,|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)')/y;

function stringsFrom(source: string, start: number): ListedString[] {
  const found: ListedString[] = [];
  const placeOf = createPlaces(source);
  item.lastIndex = start;
  for (let match = item.exec(source); match; match = item.exec(source)) {
    const text = match[1]?.replaceAll(/\\(["\\])/g, '$1') ?? match[2];
    if (text === undefined || text.trim() === '') continue;
    const position = match.index + match[0].search(/["']/);
    found.push({ text: text.trim(), place: placeOf(position) });
  }
  return found;
}

/** Places of positions that only grow: each line is counted once, however many are asked for. */
function createPlaces(source: string): (position: number) => TextPlace {
  let line = 1;
  let lineStart = 0;
  return (position) => {
    for (;;) {
      const end = source.indexOf('\n', lineStart);
      if (end === -1 || end >= position) return { line, column: position - lineStart + 1 };
      line += 1;
      lineStart = end + 1;
    }
  };
}

/**
 * The header with which a script in Python declares what it needs (PEP 723), without its `#`, each line in its place
 * so that positions count as in the script. Null where there is none.
 */
export function scriptHeader(source: string): string | null {
  const lines = source.split(/\r?\n/);
  const begin = lines.findIndex((line) => /^# \/\/\/ script\s*$/.test(line));
  const length = lines.slice(begin + 1).findIndex((line) => /^# \/\/\/\s*$/.test(line));
  if (begin === -1 || length === -1) return null;
  const body = lines.slice(begin + 1, begin + 1 + length);
  if (!body.every((line) => /^#(?: |$)/.test(line))) return null;
  return [...lines.slice(0, begin + 1).map(() => ''), ...body.map((line) => line.slice(2))].join(
    '\n',
  );
}
