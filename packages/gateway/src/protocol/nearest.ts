/** The candidate most like a misspelt word, or null where none is close (two typing errors at most). */
export function nearest(word: string, candidates: readonly string[]): string | null {
  const lower = word.toLowerCase().replaceAll('-', '_');
  const ranked = candidates
    .map((candidate) => ({ candidate, edits: editDistance(lower, candidate.toLowerCase()) }))
    .filter(({ candidate, edits }) => edits <= (candidate.length < 5 ? 1 : 2))
    .toSorted((a, b) => a.edits - b.edits);
  if (ranked[0]) return ranked[0].candidate;
  const extended = candidates.filter(
    (candidate) => lower.length >= 4 && candidate.toLowerCase().startsWith(lower),
  );
  return extended.length === 1 ? (extended[0] ?? null) : null;
}

/**
 * The model ids most like one that there is not, the best first, by their bare names too. Ids that are much longer or
 * shorter cost nothing.
 *
 * @param most - How many at most.
 */
export function nearestIds(modelId: string, ids: readonly string[], most = 3): string[] {
  const wanted = modelId.toLowerCase();
  return ids
    .map((id) => ({ id, edits: Math.min(idEdits(wanted, id), idEdits(bare(wanted), bare(id))) }))
    .filter(({ id, edits }) => edits <= 2 && id !== wanted)
    .toSorted((a, b) => a.edits - b.edits)
    .slice(0, most)
    .map(({ id }) => id);
}

/** What a caller is told of a model id that there is not, or not for its key. */
export function unknownModel(modelId: string, near: readonly string[]): string {
  const guess = near.length === 0 ? '' : ` Did you mean ${near.join(' or ')}?`;
  return `The model '${modelId}' does not exist or you do not have access to it.${guess} GET /v1/models lists yours.`;
}

function bare(id: string): string {
  return id.slice(id.lastIndexOf('/') + 1);
}

/** A short name has few letters to be mistaken in. */
function idEdits(wanted: string, id: string): number {
  const few = Math.abs(wanted.length - id.length) <= 2 ? editDistance(wanted, id) : 3;
  return id.length < 5 && few > 1 ? 3 : few;
}

/** Letters to insert, remove, replace or swap with their neighbour. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const fromSwap = swapped ? (beforeLast[j - 2] ?? 0) + 1 : replaced;
      row.push(Math.min(replaced, fromSwap, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1));
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
}
