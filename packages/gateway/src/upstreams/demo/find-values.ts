/** Words that follow a preposition without naming anything: “in the …”, “for tomorrow”. */
const NO_NAME =
  /^(?:the|a|an|my|your|our|me|us|you|it|this|that|today|tomorrow|yesterday|tonight|now|please|each|all|any|some|weather|celsius|fahrenheit)$/i;
const PREPOSITIONS = 'in|for|to|of|at|near|from|named|called|about|with|by';
const DATE_WORD =
  /\b(today|tomorrow|yesterday|tonight|(?:next |this )?(?:mon|tues|wednes|thurs|fri|satur|sun)day)\b/i;
const NUMBER_WORDS = 'zero one two three four five six seven eight nine ten eleven twelve'.split(
  ' ',
);

/** Something in a text that looks like a name, and the word before it. */
export type FoundName = { readonly preposition: string | null; readonly value: string };

/** Texts in quotes of any kind. */
export function quotedTexts(text: string): string[] {
  return [...text.matchAll(/"([^"]+)"|“([^”]+)”|(?<![\p{L}])'([^']+)'(?!\p{L})|`([^`]+)`/gu)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? match[4] ?? '',
  );
}

/** Numbers, in digits or as words up to twelve; dates, times and codes are not taken for numbers. */
export function numbersIn(text: string): number[] {
  const bare = text
    .replace(/\d{4}-\d{2}-\d{2}(?:T[\d:.Z+-]+)?/g, ' ')
    .replace(/\b\d{1,2}:\d{2}\b/g, ' ');
  const found = bare.matchAll(
    new RegExp(
      `(?<![\\w.-])-?\\d+(?:\\.\\d+)?(?![\\w]*-?\\d)|\\b(?:${NUMBER_WORDS.join('|')})\\b`,
      'gi',
    ),
  );
  return [...found].map(([token]) => {
    const word = NUMBER_WORDS.indexOf(token.toLowerCase());
    return word >= 0 ? word : Number(token);
  });
}

/**
 * What follows a preposition: names first (“in New York”), then lower case (“in paris”), then
 * things (“in the kitchen”), each in the order of the text.
 */
export function namesIn(text: string): FoundName[] {
  return FOLLOWERS.flatMap((follower) => {
    const pattern = new RegExp(`\\b(${PREPOSITIONS})\\s+${follower}`, 'gu');
    return [...text.matchAll(pattern)].flatMap(([, preposition = '', value = '']) => {
      const name = value.replace(/[.,'’]+$/, '');
      return NO_NAME.test(name) ? [] : [{ preposition: preposition.toLowerCase(), value: name }];
    });
  });
}

const LOWER = `[\\p{Ll}][\\p{L}'’-]*`;
const FOLLOWERS = [
  `(\\p{Lu}[\\p{L}\\p{N}'’.&-]*(?:\\s+(?:(?:de|la|of|the|del|van|von|am)\\s+)?\\p{Lu}[\\p{L}\\p{N}'’&-]*)*)`,
  `(${LOWER})`,
  `(?:the|my|our)\\s+(${LOWER})`,
];

/** Capitalised words inside a sentence, and codes like `USD`. */
export function capitalisedIn(text: string): string[] {
  const found = text.matchAll(
    /(?<=[\p{L}\p{N},;:]\s)\p{Lu}[\p{L}\p{N}'’-]*(?:\s+\p{Lu}[\p{L}\p{N}'’-]*)*/gu,
  );
  return [...found].map(([name]) => name).filter((name) => name !== 'I');
}

/** The first thing of a named kind, or undefined. */
export function findKind(text: string, kind: ValueKind): string | undefined {
  const [found, group] = KINDS[kind].exec(text) ?? [];
  return group ?? found;
}

export type ValueKind = keyof typeof KINDS;

const KINDS = {
  email: /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/,
  url: /https?:\/\/[^\s"'<>)]*[^\s"'<>).,!?;]/,
  uuid: /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/i,
  date_time: /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?/,
  date: /\d{4}-\d{2}-\d{2}/,
  date_word: DATE_WORD,
  time: /\b\d{1,2}:\d{2}(?::\d{2})?\b|\b\d{1,2}\s?[ap]m\b/i,
  code: /#?((?:\p{L}+[-_]?)?\d[\p{L}\p{N}_-]*)/u,
  path: /(?:[\w.-]+\/)*[\w-][\w.-]*\.(?:md|mdx|txt|json|html?|csv|ya?ml|pdf|tsx?|jsx?|py)\b/i,
  expression: /[-(]*\d[\d\s.()]*(?:[-+*/^%×÷][\s(-]*\d[\d\s.()]*)+/,
} as const;
