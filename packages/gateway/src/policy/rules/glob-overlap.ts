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
