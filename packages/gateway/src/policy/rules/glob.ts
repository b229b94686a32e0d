/** Whether a text fits a pattern in which `*` stands for anything, `/` and nothing included. Linear, no backtracking blow-up. */
export function matchesGlob(pattern: string, text: string): boolean {
  let patternAt = 0;
  let textAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (textAt < text.length) {
    if (pattern[patternAt] === '*') {
      starAt = patternAt++;
      resumeAt = textAt;
    } else if (pattern[patternAt] === text[textAt]) {
      patternAt++;
      textAt++;
    } else if (starAt >= 0) {
      patternAt = starAt + 1;
      textAt = ++resumeAt;
    } else {
      return false;
    }
  }
  while (pattern[patternAt] === '*') patternAt++;
  return patternAt === pattern.length;
}

/** Whether every text that fits `inner` fits `outer` too. */
export function globCovers(outer: string, inner: string): boolean {
  // What `*` of `inner` may stand for is known by nobody; a sign that `outer` cannot spell out stands for it.
  return !outer.includes('\0') && matchesGlob(outer, inner.replaceAll('*', '\0'));
}

/** Whether some text fits both patterns, in which `*` stands for anything. Its cost is the product of their lengths. */
export function globsOverlap(one: string, other: string): boolean {
  // Row by row: may the rest of `one` from here and the rest of `other` from there still fit the same text?
  let below = Array.from({ length: other.length + 1 }, (_, at) => isAllStars(other, at));
  for (let oneAt = one.length - 1; oneAt >= 0; oneAt--) {
    const row = new Array<boolean>(other.length + 1).fill(false);
    row[other.length] = isAllStars(one, oneAt);
    for (let otherAt = other.length - 1; otherAt >= 0; otherAt--) {
      const [a, b] = [one[oneAt], other[otherAt]];
      const isStar = a === '*' || b === '*';
      row[otherAt] = isStar
        ? below[otherAt] === true || row[otherAt + 1] === true
        : a === b && below[otherAt + 1] === true;
    }
    below = row;
  }
  return below[0] === true;
}

function isAllStars(pattern: string, from: number): boolean {
  for (let at = from; at < pattern.length; at++) if (pattern[at] !== '*') return false;
  return true;
}

/** Whether a text fits any of some patterns. */
export type GlobTest = (text: string) => boolean;

/** The same as `matchesGlob` over several patterns, prepared for being asked often. */
export function compileGlobs(patterns: readonly string[]): GlobTest {
  const tests = patterns.map(compileGlob);
  const [first, ...others] = tests;
  if (first === undefined) return () => false;
  if (others.length === 0) return first;
  return (text) => tests.some((test) => test(text));
}

function compileGlob(pattern: string): GlobTest {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop();
  if (last === undefined) return (text) => text === pattern;
  const middle = others.filter((part) => part !== '');
  if (first === '' && last === '' && middle.length === 0) return () => true;
  const leastLength = first.length + last.length;
  return (text) =>
    text.length >= leastLength &&
    text.startsWith(first) &&
    text.endsWith(last) &&
    holdsInOrder(text.slice(first.length, text.length - last.length), middle);
}

/** Searched natively: letter by letter, thousands of hostile patterns would take seconds. */
function holdsInOrder(text: string, parts: readonly string[]): boolean {
  let from = 0;
  for (const part of parts) {
    const at = text.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return true;
}
