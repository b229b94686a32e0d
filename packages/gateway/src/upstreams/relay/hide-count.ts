const BLANK_LINE = /\r\n\r\n|\n\n|\r\r/g;
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
  return {
    pass(piece) {
      held += piece.toString('latin1');
      const kept: string[] = [];
      let from = 0;
      for (const { 0: end, index } of held.matchAll(BLANK_LINE)) {
        const event = held.slice(from, index + end.length);
        if (!isCount(event)) kept.push(event);
        from = index + end.length;
      }
      held = held.slice(from);
      if (held.length > MAX_EVENT_LENGTH) {
        kept.push(held);
        held = '';
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
