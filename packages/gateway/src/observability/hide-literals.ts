/** What stands where a secret was. */
export const mask = '[secret]';

/** Shorter values are words, not secrets: to hide them would hide the text around them. */
export const minSecretLength = 8;

/** Longer values are hidden piece by piece. */
const maxPieceLength = 256;

/** Values with one beginning that are told apart; of more of them the beginning alone is hidden. */
const maxAlike = 8;

/** More beginnings are not searched for one by one. */
const maxSearched = 32;

/** What a text ends with where the rest of it was left out. */
const cutMarks = [' … (line cut)', '…'];

/**
 * A function that hides these values in a text, the longest that fits first. Its time is that of the text's length,
 * whatever values and text are made of: a beginning is looked up at each place, and few values share one. Where a text
 * ends or was cut within a value, what is left of that is hidden too.
 *
 * @param values - At least `minSecretLength` long.
 */
export function hideLiterals(values: Iterable<string>): (text: string) => string {
  const byBeginning = new Map<string, string[]>();
  for (const piece of [...values].flatMap(pieces)) {
    const beginning = piece.slice(0, minSecretLength);
    const alike = byBeginning.get(beginning) ?? [];
    if (!alike.includes(piece)) byBeginning.set(beginning, [...alike, piece]);
  }
  if (byBeginning.size === 0) return (text) => text;
  const pairs = new Uint8Array(65_536);
  for (const [beginning, alike] of byBeginning) {
    pairs[pairAt(beginning, 0)] = 1;
    if (alike.length > maxAlike) byBeginning.set(beginning, [beginning]);
    else alike.sort((a, b) => b.length - a.length);
  }
  const lengthAt = (text: string, at: number, end: number): number => {
    if (pairs[pairAt(text, at)] === 0) return 0;
    const alike = byBeginning.get(text.slice(at, at + minSecretLength));
    const whole = alike?.find((value) => text.startsWith(value, at));
    if (!alike || whole || end - at > maxPieceLength) return whole?.length ?? 0;
    const rest = text.slice(at, end);
    return alike.some((value) => value.startsWith(rest)) ? rest.length : 0;
  };
  const beginnings = [...byBeginning.keys()];
  // What has none of their beginnings has nothing to hide, and that is found out many times faster.
  const mayHold = (text: string) =>
    beginnings.length > maxSearched || beginnings.some((beginning) => text.includes(beginning));
  return (text) => (mayHold(text) ? withoutFound(text, lengthAt) : text);
}

/** Where a text ends, the mark of a cut and what that left of a letter not counted. */
function endOf(text: string): number {
  const mark = cutMarks.find((each) => text.endsWith(each)) ?? '';
  let end = text.length - mark.length;
  while (text[end - 1] === '\ufffd') end -= 1;
  return end;
}

function withoutFound(
  text: string,
  lengthAt: (text: string, at: number, end: number) => number,
): string {
  const end = endOf(text);
  const last = text.length - minSecretLength;
  let shown = '';
  let from = 0;
  for (let at = 0; at <= last; ) {
    const length = lengthAt(text, at, end);
    if (length === 0) {
      at += 1;
      continue;
    }
    // Pieces of one value are one secret.
    if (at > from || from === 0) shown += text.slice(from, at) + mask;
    at += length;
    from = at;
  }
  return from === 0 ? text : shown + text.slice(from);
}

/** Two characters as 16 bits. */
function pairAt(text: string, at: number): number {
  return ((text.charCodeAt(at) << 8) ^ text.charCodeAt(at + 1)) & 0xffff;
}

/** Of about one length, so that none is too short to be hidden. */
function pieces(value: string): string[] {
  const size = Math.ceil(value.length / Math.ceil(value.length / maxPieceLength));
  const cut: string[] = [];
  for (let at = 0; at < value.length; at += size) cut.push(value.slice(at, at + size));
  return cut;
}
