/** A text cut for streaming: words with the space before them; joined they are the text again. */
export function piecesOf(text: string): string[] {
  return text.match(/\s*\S+(?:\s+$)?|\s+$/g) ?? [];
}
