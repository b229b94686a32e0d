/** What terminals take for colours and the like. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ansi = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** Controls but for tabs and ends of lines, and what turns the direction of a text so that it reads as another. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** A text of an author's as it reads, without what no screen shows. */
export function plainText(text: string): string {
  return text.replaceAll('\r\n', '\n').replaceAll(ansi, '').replaceAll(hidden, '');
}
