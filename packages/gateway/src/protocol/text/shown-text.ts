/**
 * What changes how other text is shown, or shows nothing: controls, marks that turn the direction of writing round,
 * separators of lines, invisible letters, halves of characters.
 */
const unseen =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
  /(?<colour>\x1b\[[0-9;]*m)|(?<lineEnd>\r(?=\n))|(?<joint>(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)\u200d(?=\p{Extended_Pictographic})|(?<=\p{Script=Arabic})\u200c(?=\p{Script=Arabic}))|(?!\t|\n|\ufe0e|\ufe0f)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * A text of somebody else's as a person may be shown it: what would not be seen is written out (`\u202e`), so that no
 * name looks like another and no line like one of ours. Colours, tabs and line ends stay, and what joins an emoji.
 */
export function shownText(text: string): string {
  return text.replace(unseen, (found, colour, lineEnd, joint) =>
    lineEnd === undefined ? (colour ?? joint ?? escaped(found)) : '',
  );
}

/** JSON in which nothing is unseen. It says the same: of what `JSON.stringify` leaves as it is, only texts hold such. */
export function shownJson(value: unknown, indent?: number): string {
  return shownJsonText(JSON.stringify(value, null, indent) ?? '');
}

/** The same of what is JSON already: a line of a log, say. */
export function shownJsonText(json: string): string {
  // Most lines are plain, which is told faster.
  return /[^\n\x20-\x7e]/.test(json) ? json.replace(unseen, escaped) : json;
}

function escaped(found: string): string {
  return Array.from(
    { length: found.length },
    (_, at) => `\\u${found.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}
