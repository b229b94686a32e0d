/** Writes Markdown piece by piece; what was written is never looked at again, so that length alone costs. */
export type MarkdownWriter = {
  /** Running text: its white space becomes single spaces. */
  readonly text: (text: string) => void;
  /** As it is, after the breaks and spaces that are due. */
  readonly mark: (text: string) => void;
  /** As it is, close to what is before it. */
  readonly close: (text: string) => void;
  /** What comes next begins after so many line ends at least. */
  readonly breakLine: (count: 1 | 2) => void;
  /** Where it is now, for `since`. */
  readonly place: () => number;
  readonly since: (place: number) => string;
};

export function createMarkdownWriter(): MarkdownWriter {
  const pieces: string[] = [];
  let breaks = 0;
  let isSpaced = false;

  const settle = () => {
    if (pieces.length > 0) {
      if (breaks > 0) pieces.push('\n'.repeat(breaks));
      else if (isSpaced) pieces.push(' ');
    }
    breaks = 0;
    isSpaced = false;
  };
  return {
    text(text) {
      const words = text.replaceAll(/\s+/g, ' ');
      if (words.startsWith(' ')) isSpaced = true;
      const inner = words.trim();
      if (inner === '') return;
      settle();
      pieces.push(inner);
      isSpaced = words.endsWith(' ');
    },
    mark(text) {
      settle();
      pieces.push(text);
    },
    close: (text) => void pieces.push(text),
    breakLine(count) {
      breaks = Math.max(breaks, count);
    },
    place: () => pieces.length,
    since: (place) => pieces.slice(place).join('').trim(),
  };
}
