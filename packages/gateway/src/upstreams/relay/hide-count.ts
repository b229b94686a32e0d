const BLANK_LINE = /\r\n\r\n|\n\n|\r\r/g;
/** As much of a blank line as may have come before the rest of it. */
const CUT_LENGTH = 3;
/** Longest event that is held until it is whole; a longer one is none with a count. */
const MAX_EVENT_LENGTH = 65_536;

/** Takes the event that only tells the count out of a stream of chat completions. */
export type CountHider = {
  /** What of the stream can go on, of which pieces are given as they come. */
  pass(piece: Buffer): Buffer;
  /** What is left when no more comes. */
  rest(): Buffer;
};

/** For a worker that did not ask for the count. Events go on whole. */
export function createCountHider(): CountHider {
  let held = '';
  // Its end alone is searched with the next piece: all of what is held with each would take its square in time.
  let tail = '';
  return {
    pass(piece) {
      const text = piece.toString('latin1');
      const searched = tail + text;
      const before = held.length - tail.length;
      held += text;
      const kept: string[] = [];
      let from = 0;
      for (const { 0: end, index } of searched.matchAll(BLANK_LINE)) {
        const until = before + index + end.length;
        const event = held.slice(from, until);
        if (!isCount(event)) kept.push(event);
        from = until;
      }
      tail = searched.slice(Math.max(from - before, searched.length - CUT_LENGTH));
      if (from > 0) held = held.slice(from);
      if (held.length > MAX_EVENT_LENGTH) {
        kept.push(held);
        held = '';
        tail = '';
      }
      return Buffer.from(kept.join(''), 'latin1');
    },
    rest: () => Buffer.from(isCount(held) ? '' : held, 'latin1'),
  };
}

/** Quotes inside a JSON string are escaped, so what fits are keys. */
function isCount(event: string): boolean {
  return /"usage"\s*:\s*\{/.test(event) && /"choices"\s*:\s*\[\s*\]/.test(event);
}
