/** A part of what somebody said, as the APIs have it. */
export type TextPart = {
  readonly text?: string | null | undefined;
  readonly refusal?: string | undefined;
};

/** What is said in a message that may come in parts: a line each; a refusal is what was said instead. */
export function contentText(content: string | readonly TextPart[]): string {
  if (typeof content === 'string') return content;
  return content.map(({ text, refusal }) => text ?? refusal ?? '').join('\n');
}
