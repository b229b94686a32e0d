/** Words that say nothing about a topic. */
const SILENT = new Set(
  `a an the of in for to from with and or is are was were be been by at on it its this that these
  those what who whom where when how which why do does did can could would should will shall may
  please me my you your i we us our tell let about as if not no yes have has had tool function
  agent assistant use used using user return returns returned given handoff handle handles request
  call into than then some any all there here now im whats want need like go`
    .split(/\s+/)
    .map(stem),
);

/** The words of a text or an identifier that say what it is about, in a common form, without repeats. */
export function topicWords(text: string): Set<string> {
  return new Set(
    text
      .replace(/(\p{Ll})(\p{Lu})/gu, '$1 $2')
      .toLowerCase()
      .replace(/['’]/g, '')
      .split(/[^\p{L}\p{N}]+/u)
      .filter((word) => word !== '')
      .map(stem)
      .filter((word) => !SILENT.has(word)),
  );
}

/** How many of these words are among those. */
export function countShared(words: Iterable<string>, among: ReadonlySet<string>): number {
  let shared = 0;
  for (const word of words) if (among.has(word)) shared++;
  return shared;
}

/** The words of one set that are not in the other. */
export function wordsBeyond(words: ReadonlySet<string>, others: ReadonlySet<string>): Set<string> {
  return new Set([...words].filter((word) => !others.has(word)));
}

/** Rough, but the same on both sides of a comparison: `handles`, `handling` and `handle` meet. */
function stem(word: string): string {
  if (word.length > 4 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  const bare = word.length > 4 ? word.replace(/(?:ing|ed|es|s)$/, '') : word;
  return bare.length > 3 ? bare.replace(/e$/, '') : bare;
}

/** A text cut for streaming: words with the space before them; joined they are the text again. */
export function piecesOf(text: string): string[] {
  return text.match(/\s*\S+(?:\s+$)?|\s+$/g) ?? [];
}
