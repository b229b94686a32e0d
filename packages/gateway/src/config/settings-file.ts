import { readFileSync } from 'node:fs';
import { isMap, isNode, isPair, isScalar, LineCounter, type ParsedNode, parseDocument } from 'yaml';
import { decodeText } from '../protocol/text/decode-text.ts';
import { ConfigError } from './config-error.ts';

/** Path of a setting: keys of mappings, indexes of lists. */
export type SettingPath = readonly PropertyKey[];

/** A place in a file, counted from 1. */
export type Place = { readonly line: number; readonly column: number };

/** A settings file as read: its content, and where each line of it is. */
export type SettingsFile = {
  readonly content: Readonly<Record<string, unknown>>;
  /** There is not even a comment in it. */
  readonly isBlank: boolean;
  /** Where the value at a path is, or the nearest thing around it. */
  placeOfValue(path: SettingPath): Place;
  /** Where a key is written. */
  placeOfKey(path: SettingPath): Place;
};

/**
 * Reads a YAML file; an empty one is a file without settings. Keys without a value count as not given.
 *
 * @param shownName - How messages call the file.
 * @returns Null where there is no such file.
 * @throws ConfigError where it cannot be read, is no YAML, or is no mapping.
 */
export function readSettingsFile(path: string, shownName: string): SettingsFile | null {
  const text = readTextFile(path, shownName);
  if (text === null) return null;
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const refuse = (offset: number, message: string) => ({
    file: shownName,
    ...placeAt(offset),
    setting: null,
    message,
  });
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map((error) => refuse(error.pos[0], yamlMessage(error.code))),
    );
  }
  const root = document.contents;
  const content = root === null ? {} : withoutNulls(toPlain(document, shownName));
  if (!isRecord(content)) {
    const offset = root?.range[0] ?? 0;
    throw new ConfigError([refuse(offset, 'The file has to hold `setting: value` lines.')]);
  }
  return {
    isBlank: text.trim() === '',
    content,
    placeOfValue: (at) => placeAt(nodesAlong(root, at).at(-1)?.valueOffset ?? 0),
    placeOfKey: (at) => placeAt(nodesAlong(root, at).at(-1)?.keyOffset ?? 0),
  };
}

function toPlain(document: ReturnType<typeof parseDocument>, shownName: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    const message = 'The file repeats parts of itself (`*name`) too often.';
    const problem = { file: shownName, line: null, column: null, setting: null, message };
    throw new ConfigError([problem], error);
  }
}

/**
 * The text of a file of settings; null where there is none.
 *
 * @param shownName - How messages call the file.
 * @throws ConfigError where it cannot be read, or is no UTF-8.
 */
export function readTextFile(path: string, shownName: string): string | null {
  const refuse = (message: string, cause?: unknown) =>
    new ConfigError([{ file: shownName, line: null, column: null, setting: null, message }], cause);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw refuse(`The file cannot be read (${code}). Correct its type or its permissions.`, error);
  }
  const decoded = decodeText(bytes);
  if (decoded.type === 'text') return decoded.text;
  throw refuse(`The file ${decoded.reason}. Save it as UTF-8.`);
}

// The library's own texts quote the file, where a secret may stand.
function yamlMessage(code: string): string {
  const known: Readonly<Record<string, string>> = {
    DUPLICATE_KEY: 'This key is there twice; remove one of them.',
    TAB_AS_INDENT: 'Lines are indented with spaces, not with tabs.',
    MISSING_CHAR: 'A quote, a bracket or a comma is missing here.',
    BAD_INDENT: 'This line is indented wrongly, or a bracket before it is not closed.',
    MULTILINE_IMPLICIT_KEY: 'This is not YAML: a `:` is missing, or a line is indented wrongly.',
    MULTIPLE_DOCS: 'The file may hold one document only; remove what follows `---`.',
  };
  const reason = code.toLowerCase().replaceAll('_', ' ');
  return known[code] ?? `This is not YAML (${reason}). Correct the line or the one before it.`;
}

function withoutNulls(value: unknown): unknown {
  if (!isRecord(value)) return value ?? undefined;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, withoutNulls(part)]));
}

type Step = { readonly keyOffset: number; readonly valueOffset: number };

/** What is on the way to a path, as far as the file has it. */
function nodesAlong(root: ParsedNode | null, path: SettingPath): Step[] {
  const steps: Step[] = root === null ? [] : [{ keyOffset: 0, valueOffset: root.range[0] }];
  let node: unknown = root;
  for (const key of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (!isPair(pair) || !isNode(pair.key)) break;
      const keyOffset = pair.key.range?.[0] ?? 0;
      node = pair.value;
      steps.push({ keyOffset, valueOffset: offsetOf(node) ?? keyOffset });
    } else {
      node = isNode(node) && 'items' in node ? (node.items as unknown[])[Number(key)] : null;
      const offset = offsetOf(node);
      if (offset === null) break;
      steps.push({ keyOffset: offset, valueOffset: offset });
    }
  }
  return steps;
}

function offsetOf(node: unknown): number | null {
  return isNode(node) ? (node.range?.[0] ?? null) : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
