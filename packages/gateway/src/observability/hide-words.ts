import { mask } from './hide-literals.ts';

/** What an operator hides beside secrets. */
export type OwnRedaction = {
  /** Of fields whose values are hidden. */
  readonly fields: readonly string[];
  /** Whole words: `*` stands for anything, `#` for a digit. */
  readonly patterns: readonly string[];
};

/** A word longer than this is looked at up to here. */
const MAX_WORD = 500;

const words = /[^\s"'`,;=<>()[\]{}\\]+/g;

/**
 * A function that hides what an operator named; null where nothing is. Its time is that of the text's length: a word is
 * compared with each pattern by itself, and a value is gone through once.
 */
export function hideOwn({ fields, patterns }: OwnRedaction): ((text: string) => string) | null {
  if (fields.length === 0 && patterns.length === 0) return null;
  const named = fields.length === 0 ? null : namedValues(fields);
  const wanted = patterns.map((pattern) => pattern.toLowerCase());
  const hidden = (word: string, at: number, text: string) => {
    const looked = word.slice(0, MAX_WORD).toLowerCase();
    // What ends a sentence or precedes a value is no part of the word.
    const bare = looked.replace(/[.:!?]$/, '');
    if (!wanted.some((pattern) => fits(pattern, looked) || fits(pattern, bare))) return word;
    return maskFor(word, text.slice(Math.max(0, at - MAX_GAP), at));
  };
  return (text) => {
    const shown = named
      ? text.replace(named, (_all, name: string, value: string) => name + maskFor(value, name))
      : text;
    return wanted.length === 0 ? shown : shown.replace(words, hidden);
  };
}

/** Letters between the name of a field in JSON and its value, at most, that are looked at. */
const MAX_GAP = 4;

/** In JSON a value without quotes gets some, so that it stays JSON. */
function maskFor(value: string, before: string): string {
  const quote = /(\\?")\s*:\s*$/.exec(before)?.[1];
  const isBare = quote !== undefined && /^(?:-?\d[\d.eE+-]*|true|false|null)$/.test(value);
  return isBare ? `${quote}${mask}${quote}` : mask;
}

/** `name=value`, `name: value`, `"name": "value"`; a name ends where its word does. */
function namedValues(fields: readonly string[]): RegExp {
  const names = fields.map((name) => name.replaceAll('.', String.raw`\.`)).join('|');
  // Nothing follows a value here, so that no match is ever tried again.
  const quoted = String.raw`(?<=[^\\]")(?:[^"\\]|\\.)*|(?<=\\")[^"\\]*`;
  const bare = String.raw`[^\s"'\\,;&}\]]+`;
  return new RegExp(
    String.raw`((?<![\w.-])(?:${names})\\?["']?\s{0,3}[:=]\s{0,3}\\?"?'?)(${quoted}|${bare})`,
    'gi',
  );
}

/** Whether a word fits a pattern: forwards, and back to the last `*` alone. */
function fits(pattern: string, word: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let letter = 0; letter < word.length; ) {
    if (pattern[at] === '*') {
      star = at++;
      resume = letter;
    } else if (pattern[at] === word[letter] || (pattern[at] === '#' && isDigit(word, letter))) {
      at++;
      letter++;
    } else if (star >= 0) {
      at = star + 1;
      letter = ++resume;
    } else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}

function isDigit(word: string, at: number): boolean {
  const code = word.charCodeAt(at);
  return code >= 48 && code <= 57;
}
