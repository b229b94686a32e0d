import fc from 'fast-check';

/** A JSON value. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** Stands in a value for text that no value has: a nesting, a number beyond doubles. */
const raw = (text: string): string => `\u{f0000}${text}\u{f0000}`;
const rawInJson = /"\u{f0000}([^\u{f0000}]*)\u{f0000}"/gu;

/** The text of a value; what only text can say stands in it as such. */
export function jsonText(value: Json): string {
  return JSON.stringify(value).replace(rawInJson, (_all, text: string) => JSON.parse(`"${text}"`));
}

/** Names that objects have without being given them, and others that parsers trip over. */
export const oddName = fc.constantFrom(
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'then',
  'toJSON',
  'length',
  '',
  '\u0000',
  '\ud800',
  '\u202e',
  'type',
  'error',
  '0',
  '-1',
  '../..',
);

const oddTexts = [
  '',
  ' ',
  '\u0000',
  'a\u0000b',
  '\ud800',
  'x\udc00y',
  '\ufeffx',
  '\u202e\u2066gnp.exe',
  '\u2028\u2029\u0085',
  '\r\nx: y\r\n\r\n',
  '\u001b[2J\u001b]0;x\u0007',
  'NaN',
  'Infinity',
  '1e999',
  '-0',
  'null',
  '[DONE]',
  '__proto__',
  'constructor',
  '../../../../etc/passwd',
  '%2e%2e%2f%00',
  '/..//./',
  '{{7*7}}<%= 7*7 %>',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '9999-12-31T23:59:59Z',
  '-271821-04-20T00:00:00Z',
  '+275760-09-13T00:00:00.001Z',
  'İıſK',
  'e\u0301'.repeat(50),
  '👩‍👩‍👧‍👦'.repeat(20),
];

/** Text of few or very many characters, as nobody types it. */
export const oddText: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...oddTexts) },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }) },
  { weight: 2, arbitrary: fc.string({ unit: 'grapheme', maxLength: 40 }) },
  { weight: 2, arbitrary: oddName },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.constantFrom('a', '\u0000', '"', '\\', 'é', '\ud83d', '*', '/', '\n', '('),
        fc.nat(4),
      )
      .map(([unit, times]) => unit.repeat(10 ** times * 3)),
  },
);

/** Numbers at the edges of what counts, ids and times can hold. */
const oddNumber = fc.oneof(
  fc.constantFrom(
    0,
    -0,
    -1,
    0.5,
    1e308,
    -1e308,
    5e-324,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    2 ** 63,
    1e21,
    8.64e15 + 1,
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
);

/** What text can say and no value is. */
const rawText: fc.Arbitrary<Json> = fc.constantFrom(
  raw('1e999'),
  raw('-1e999'),
  raw('123456789012345678901234567890'),
  raw('[['.repeat(50) + ']]'.repeat(50)),
  raw('['.repeat(12_000) + ']'.repeat(12_000)),
  raw(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`),
  raw('{"a":1,"a":2,"__proto__":{"role":"admin"}}'),
);

/** Any value where another is expected. */
export const oddValue: fc.Arbitrary<Json> = fc.oneof(
  { weight: 4, arbitrary: oddText as fc.Arbitrary<Json> },
  { weight: 4, arbitrary: oddNumber },
  { weight: 3, arbitrary: fc.constantFrom<Json>(null, true, false, [], {}, [null], [[]], [{}]) },
  { weight: 2, arbitrary: rawText },
  { weight: 1, arbitrary: fc.dictionary(oddName, oddText, { maxKeys: 3 }) },
  { weight: 1, arbitrary: fc.array(oddText, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json> },
);

type Edit = {
  readonly at: number;
  readonly how: 'put' | 'add' | 'drop' | 'repeat' | 'wrap';
  readonly name: string;
  readonly value: Json;
};

const edit: fc.Arbitrary<Edit> = fc.record({
  at: fc.nat(1000),
  how: fc.constantFrom('put', 'put', 'put', 'add', 'drop', 'repeat', 'wrap'),
  name: oddName,
  value: oddValue,
});

/** A value that is right, or wrong in up to three places, whose form it mostly keeps. */
export function mutated(right: fc.Arbitrary<Json>, most = 3): fc.Arbitrary<Json> {
  return fc
    .tuple(right, fc.array(edit, { maxLength: most }))
    .map(([value, edits]) => edits.reduce(edited, value));
}

function edited(value: Json, wanted: Edit): Json {
  return change(value, wanted.at % sizeOf(value), wanted).value;
}

function sizeOf(value: Json): number {
  return 1 + partsOf(value).reduce((sum, [, part]) => sum + sizeOf(part), 0);
}

function partsOf(value: Json): [string, Json][] {
  return typeof value === 'object' && value !== null ? Object.entries(value) : [];
}

/** Walks to the part with that number, in the order they are written, and changes it. */
function change(value: Json, at: number, wanted: Edit): { value: Json; left: number } {
  if (at === 0) return { value: changed(value, wanted), left: -1 };
  let left = at - 1;
  const parts = partsOf(value).flatMap(([name, part]): [string, Json][] => {
    if (left < 0) return [[name, part]];
    if (left === 0 && wanted.how === 'drop') {
      left = -1;
      return [];
    }
    const inner = change(part, left, wanted);
    left = inner.left;
    return [[name, inner.value]];
  });
  if (typeof value !== 'object' || value === null) return { value, left };
  const isList = Array.isArray(value);
  return { value: isList ? parts.map(([, part]) => part) : objectOf(parts), left };
}

function changed(value: Json, { how, name, value: odd }: Edit): Json {
  const isList = Array.isArray(value);
  const isObject = typeof value === 'object' && value !== null && !isList;
  if (how === 'repeat') return Array.from({ length: 40 }, () => value);
  if (how === 'wrap') return objectOf([[name, value]]);
  if (how === 'add' && isList) return [...(value as readonly Json[]), odd];
  if (how === 'add' && isObject) return objectOf([...partsOf(value), [name, odd]]);
  return odd;
}

/** With `__proto__` as a name like any other. */
function objectOf(parts: readonly [string, Json][]): Json {
  return Object.fromEntries(parts);
}

/** Bytes that are none of anything, or text with a few of them changed, left out or put in. */
export function mutatedBytes(text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  const piece = fc.oneof(
    fc.constantFrom(
      '\n',
      '\r\n',
      '\r',
      '\u0000',
      '\ufeff',
      '"',
      '\\',
      '{',
      '}',
      '[',
      ':',
      ',',
      '#',
    ),
    oddText.filter((one) => one.length < 100),
  );
  const cut = fc.record({
    at: fc.nat(10_000),
    drop: fc.nat(3),
    put: fc.option(piece),
    raw: fc.option(fc.uint8Array({ maxLength: 3 })),
  });
  return fc.tuple(text, fc.array(cut, { maxLength: 4 })).map(([right, cuts]) =>
    cuts.reduce((bytes, { at, drop, put, raw: extra }) => {
      const from = at % (bytes.length + 1);
      return Buffer.concat([
        bytes.subarray(0, from),
        Buffer.from(put ?? ''),
        extra ?? Buffer.alloc(0),
        bytes.subarray(from + drop),
      ]);
    }, Buffer.from(right)),
  );
}

/** Where to cut what comes in pieces, as shares of its length; `every` cuts it into single bytes. */
export const cuts = fc.oneof(
  { weight: 1, arbitrary: fc.constant('every' as const) },
  { weight: 4, arbitrary: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 }) },
);

/** Cuts bytes. */
export function cutAt(bytes: Buffer, where: 'every' | readonly number[]): Buffer[] {
  if (where === 'every') return Array.from(bytes, (_byte, at) => bytes.subarray(at, at + 1));
  const ends = [...where.map((share) => Math.floor(share * bytes.length)), bytes.length];
  const sorted = ends.toSorted((a, b) => a - b);
  return sorted.map((end, index) => bytes.subarray(sorted[index - 1] ?? 0, end));
}
