/** A field `tools` of a body that is a list: where its value begins, and where the byte behind it is. */
export type ToolsField = {
  readonly at: number;
  readonly from: number;
  readonly to: number;
  /** Entries with a `type`, at whatever depth, that is not harmless: where each begins and ends. */
  readonly suspects: readonly (readonly [from: number, to: number])[];
};

/** Texts by their length in bytes, which are compared without making strings. */
export type KnownTexts = readonly (readonly Buffer[] | undefined)[];

/** @param texts - In ASCII. */
export function knownTexts(texts: readonly string[]): KnownTexts {
  const known: Buffer[][] = [];
  for (const text of texts) known[text.length] = [...(known[text.length] ?? []), Buffer.from(text)];
  return known;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Bytes of a string that are looked at one by one; what is longer is passed over by a search. */
const SHORT_STRING = 24;

/** Bytes that are gone through to find out how deep a field lies. */
const MAX_WALK = 64 * 1024;

/**
 * Finds every field `tools` of a body, at whatever depth, in the bytes alone. Null where one is no list, or has no end: the
 * body has to be read then.
 */
export function toolsFields(body: Buffer, harmless: KnownTexts): readonly ToolsField[] | null {
  const fields: ToolsField[] = [];
  let walkedTo = 0;
  for (let at = body.indexOf('"tools'); at >= 0; at = body.indexOf('"tools', at + 1)) {
    const colon = skipSpace(body, at + 7);
    if (body[at + 6] !== QUOTE || body[colon] !== COLON) continue;
    const from = skipSpace(body, colon + 1);
    if (body[from] !== OPEN_LIST) return null;
    // What lies in a list that was gone through is not gone through again, however deep: its suspects are that list's.
    const field = from < walkedTo ? { to: from, suspects: [] } : walkList(body, from, harmless);
    if (field === null) return null;
    fields.push({ at, from, ...field });
    walkedTo = Math.max(walkedTo, field.to);
  }
  return fields;
}

/** Whether a field is one of the body's own, not of something in it; false also where that takes too long to find out. */
export function isOfBody(body: Buffer, { at, to }: Pick<ToolsField, 'at' | 'to'>): boolean {
  // A quote that is escaped begins no name.
  if (body[at - 1] === BACKSLASH || body[skipSpace(body, 0)] !== OPEN_OBJECT) return false;
  const isTailShorter = body.length - to < at;
  const [from, end] = isTailShorter ? [to, body.length] : [0, at];
  if (end - from > MAX_WALK) return false;
  const depth = depthAfter(body, from, end);
  return depth === (isTailShorter ? -1 : 1);
}

/** How many brackets are opened and not closed between two places outside of strings; null where one is inside. */
function depthAfter(body: Buffer, from: number, end: number): number | null {
  let depth = 0;
  for (let at = from; at < end; at += 1) {
    switch (body[at]) {
      case QUOTE:
        at = endOfString(body, at);
        if (at >= end) return null;
        break;
      case OPEN_OBJECT:
      case OPEN_LIST:
        depth += 1;
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        depth -= 1;
        break;
    }
  }
  return depth;
}

function walkList(
  body: Buffer,
  from: number,
  harmless: KnownTexts,
): Pick<ToolsField, 'to' | 'suspects'> | null {
  const suspects: [number, number][] = [];
  let depth = 0;
  let entry = from + 1;
  let isSuspect = false;
  const endEntry = (at: number) => {
    if (isSuspect) suspects.push([entry, at]);
    isSuspect = false;
    entry = at + 1;
  };
  for (let at = from; at < body.length; at += 1) {
    switch (body[at]) {
      case QUOTE: {
        const end = endOfString(body, at);
        if (isType(body, at, end) && !isKnownBehind(body, end + 1, harmless)) isSuspect = true;
        at = end;
        break;
      }
      case OPEN_OBJECT:
      case OPEN_LIST:
        depth += 1;
        break;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        depth -= 1;
        if (depth > 0) break;
        endEntry(at);
        return { to: at + 1, suspects };
      case COMMA:
        if (depth === 1) endEntry(at);
        break;
    }
  }
  return null;
}

/** The place of the quote that ends the string which begins there; the body's end where none does. */
function endOfString(body: Buffer, start: number): number {
  const near = Math.min(start + SHORT_STRING, body.length);
  let at = start + 1;
  for (; at < near; at += 1) {
    const byte = body[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 1;
  }
  for (at = body.indexOf(QUOTE, at); at >= 0; at = body.indexOf(QUOTE, at + 1)) {
    let escapes = at - 1;
    while (escapes > start && body[escapes] === BACKSLASH) escapes -= 1;
    if ((at - escapes) % 2 === 1) return at;
  }
  return body.length;
}

/** `"type"` */
function isType(body: Buffer, start: number, end: number): boolean {
  return (
    end - start === 5 &&
    body[start + 1] === 0x74 &&
    body[start + 2] === 0x79 &&
    body[start + 3] === 0x70 &&
    body[start + 4] === 0x65
  );
}

/** Whether what stands behind a colon is no string, or one of these. */
function isKnownBehind(body: Buffer, at: number, texts: KnownTexts): boolean {
  const colon = skipSpace(body, at);
  if (body[colon] !== COLON) return true;
  const start = skipSpace(body, colon + 1);
  if (body[start] !== QUOTE) return true;
  const length = endOfString(body, start) - start - 1;
  return texts[length]?.some((text) => isAt(body, start + 1, text)) ?? false;
}

function isAt(body: Buffer, start: number, text: Buffer): boolean {
  for (let at = 0; at < text.length; at += 1) if (body[start + at] !== text[at]) return false;
  return true;
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  while (body[at] === 0x20 || body[at] === 0x0a || body[at] === 0x0d || body[at] === 0x09) at += 1;
  return at;
}
