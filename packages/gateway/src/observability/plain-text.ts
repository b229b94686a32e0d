/** Control characters and their sequences, but for colours, tabs and line ends. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it is about.
const controls = /\x1b\[[0-9;]*m|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;

/**
 * A text of somebody else's for a terminal: it can colour what it says, and cannot move the cursor, clear the screen
 * or begin a line that looks like one of ours.
 */
export function plainText(text: string): string {
  return text
    .replace(controls, (found) => (found.length > 1 ? found : ''))
    .replaceAll('\n', '\n    ');
}
