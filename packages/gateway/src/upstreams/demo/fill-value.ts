import type { JsonObject } from './demo-request.ts';
import {
  capitalisedIn,
  findKind,
  namesIn,
  numbersIn,
  quotedTexts,
  type ValueKind,
} from './find-values.ts';
import { countShared, topicWords } from './words.ts';

/** What values are drawn from while one schema is filled. */
export type Source = {
  readonly text: string;
  /** Schema that local references start from. */
  readonly root: JsonObject;
  /** Values already taken, so that two properties do not get the same one. */
  readonly taken: Set<string>;
  /** Value of a property that a tool's result already told, or undefined. */
  readonly known: (name: string) => unknown;
  /** Null: leave out what is not found. Else the text for properties that hold an answer. */
  readonly guesses: { readonly answer: string } | null;
  readonly depth: number;
  /** How many values more are made for the whole schema: one that asks for lists in lists would never end. */
  readonly room: { left: number };
};

/** More than anybody reads of the demo model. */
export const MOST_VALUES = 1000;
const LONGEST_FILLING = 10_000;

const WHOLE_TEXT =
  /^(?:query|question|text|input|message|prompt|content|task|request|topic|body|instructions?|sentence|phrase|description|subject)$/;
const ANSWER =
  /answer|summary|response|reply|message|text|content|reason|explanation|description|output|result|comment|notes?|body/;

/** Finds a text for a property by its format, its name and what stands where in the source. */
export function fillString(schema: JsonObject, source: Source, name: string): string | undefined {
  const known = source.known(name);
  if (typeof known === 'string' || typeof known === 'number') return fitLength(`${known}`, schema);
  const { guesses } = source;
  const key = name.replace(/(\p{Ll})(\p{Lu})/gu, '$1_$2').toLowerCase();
  if (guesses && ANSWER.test(key)) return fitLength(guesses.answer, schema);
  const value = find(schema, source, key);
  if (value !== undefined) {
    source.taken.add(value.toLowerCase());
    return fitLength(value, schema);
  }
  return guesses ? fitLength(inventText(schema, guesses.answer), schema) : undefined;
}

/** Finds a number for a property: one beside its name, else the next that is free. */
export function fillNumber(schema: JsonObject, source: Source, name: string): number | undefined {
  const known = source.known(name);
  if (typeof known === 'number') return known;
  const label = name.replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2').replaceAll('_', ' ');
  const beside = new RegExp(
    `\\b${escapePattern(label)}\\s*(?:is|of|to|[:=])?\\s*(-?\\d+(?:\\.\\d+)?)|(-?\\d+(?:\\.\\d+)?)\\s*${escapePattern(label)}\\b`,
    'i',
  ).exec(source.text);
  const labelled = beside?.[1] ?? beside?.[2];
  const all = labelled === undefined ? numbersIn(source.text) : [Number(labelled)];
  const at = all.findIndex(
    (value, index) => isAllowed(value, schema) && !source.taken.has(`number ${index} ${value}`),
  );
  const value = all[at];
  if (value !== undefined) {
    if (labelled === undefined) source.taken.add(`number ${at} ${value}`);
    return value;
  }
  if (typeof schema.default === 'number') return schema.default;
  return source.guesses ? least(schema) : undefined;
}

/** Whether a text speaks of what a yes-or-no property is named after, and does not deny it. */
export function says(text: string, name: string): boolean {
  const words = topicWords(name.replace(/^(?:is|has|should|needs?|include|with)_?/, ''));
  const denied = [...text.matchAll(/\b(?:no|not|without|don'?t|never)\s+(?:\w+\s+)?\w+/gi)].some(
    ([phrase]) => countShared(words, topicWords(phrase)) > 0,
  );
  if (words.size === 0) return new RegExp(`\\b${escapePattern(name)}\\b`, 'i').test(text);
  return !denied && countShared(words, topicWords(text)) > 0;
}

function find(schema: JsonObject, source: Source, key: string): string | undefined {
  const { text } = source;
  const kind = kindOf(schema, key);
  if (kind) {
    const found =
      findKind(text, kind) ??
      (kind === 'date' && !schema.format ? findKind(text, 'date_word') : undefined);
    if (found !== undefined || schema.format) return found?.trim();
    if (kind === 'expression') return text;
  }
  const free = (value: string) => !source.taken.has(value.toLowerCase());
  const names = namesIn(text);
  const direction = /^(?:from|source|origin|to|target|destination)(?=_|$)/.exec(key)?.[0];
  if (direction) {
    const preposition = /^(?:from|source|origin)$/.test(direction) ? 'from' : 'to';
    const led = names.find((name) => name.preposition === preposition && free(name.value));
    return (
      led?.value ??
      capitalisedIn(text).find(
        (value) => free(value) && !names.some((name) => name.value === value),
      )
    );
  }
  const labelled = valueAfterLabel(text, key);
  if (labelled !== undefined && free(labelled)) return labelled;
  if (WHOLE_TEXT.test(key)) return text.trim() || undefined;
  return [...quotedTexts(text), ...names.map((name) => name.value), ...capitalisedIn(text)].find(
    free,
  );
}

/** The kind of text a property wants, by its format or its name (lower case). */
export function kindOf(schema: JsonObject, key: string): ValueKind | null {
  const hint = `${schema.format ?? ''} ${key}`;
  if (/e-?mail/.test(hint)) return 'email';
  if (/\buri\b|url|link/.test(hint)) return 'url';
  if (/uuid/.test(hint)) return 'uuid';
  if (/date-time/.test(hint)) return 'date_time';
  if (/date|(?:^|[_ ])day$/.test(hint)) return 'date';
  if (/(?:^|[_ ])time$/.test(hint)) return 'time';
  if (/(?:^|[_ ])(?:path|file|filename|doc|document|source)$/.test(hint)) return 'path';
  if (/expression|formula|calculation/.test(hint)) return 'expression';
  return /(?:^|[_ ])(?:id|number|no|code|sku|reference|ticket)$/.test(hint) ? 'code' : null;
}

/** “city: Paris”, “customer is Ada”, “order #17”: quoted, capitalised or with a digit. */
function valueAfterLabel(text: string, key: string): string | undefined {
  const label = escapePattern(key.replaceAll('_', ' ')).replaceAll(' ', '[ _]');
  const pattern = new RegExp(
    `\\b${label}(?:\\s+(?:is|named|called|id|number))?\\s*[:=#]?\\s*(?:"([^"]+)"|“([^”]+)”|#?((?-i:\\p{Lu}|\\d)[\\p{L}\\p{N}_'-]*(?:\\s+(?-i:\\p{Lu})[\\p{L}\\p{N}'-]*)*))`,
    'iu',
  );
  const [, quoted, curly, bare] = pattern.exec(text) ?? [];
  return quoted ?? curly ?? bare;
}

function isAllowed(value: number, schema: JsonObject): boolean {
  const { minimum, maximum, type } = schema;
  return (
    (typeof minimum !== 'number' || value >= minimum) &&
    (typeof maximum !== 'number' || value <= maximum) &&
    (![type].flat().includes('integer') || Number.isInteger(value))
  );
}

function least(schema: JsonObject): number {
  if (typeof schema.minimum === 'number') return schema.minimum;
  if (typeof schema.exclusiveMinimum === 'number') return schema.exclusiveMinimum + 1;
  return typeof schema.maximum === 'number' ? Math.min(0, schema.maximum) : 0;
}

const INVENTED: ReadonlyMap<unknown, string> = new Map([
  ['email', 'demo@example.com'],
  ['uri', 'https://example.com'],
  ['url', 'https://example.com'],
  ['date', '2000-01-01'],
  ['time', '00:00:00Z'],
  ['date-time', '2000-01-01T00:00:00Z'],
  ['uuid', '00000000-0000-4000-8000-000000000000'],
]);

function inventText(schema: JsonObject, answer: string): string {
  return INVENTED.get(schema.format) ?? answer;
}

function fitLength(text: string, schema: JsonObject): string {
  const { minLength, maxLength } = schema;
  const long =
    typeof minLength === 'number' ? text.padEnd(Math.min(minLength, LONGEST_FILLING), '.') : text;
  return typeof maxLength === 'number' ? long.slice(0, maxLength) : long;
}

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
