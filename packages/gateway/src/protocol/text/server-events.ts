/** Longest event that is held; one that is longer is passed over. */
const MAX_EVENT_LENGTH = 32 * 1024 * 1024;

/** The mark at the start of a text in UTF-8, as its bytes are read here. */
const BYTE_ORDER_MARK = '\u00ef\u00bb\u00bf';

/** An event of a stream (server-sent events): its name where it has one, and its data. */
export type StreamEvent = { readonly name: string; readonly data: string };

/** Splits a stream into its events. */
export type EventSplitter = {
  /** Takes the next piece, cut anywhere. */
  read(piece: string): void;
  /** Characters of the event that is not whole yet. */
  heldLength(): number;
  /** Passes that event over. */
  forget(): void;
  /** Gives what came after the last blank line, as clients take it too. */
  end(): void;
};

/** Calls back with each event that has data, as soon as it is there. */
export function createEventSplitter(onEvent: (event: StreamEvent) => void): EventSplitter {
  let line = '';
  let name = '';
  let data: string | null = null;
  let isTooLong = false;
  let isFirst = true;
  const plain = createLineEnds();

  const take = (text: string): void => {
    if (text.startsWith('data:')) {
      const value = fieldValue(text);
      data = data === null ? value : `${data}\n${value}`;
    } else if (text.startsWith('event:')) {
      name = fieldValue(text);
    } else if (text === '') {
      if (data !== null && !isTooLong) onEvent({ name, data });
      name = '';
      data = null;
      isTooLong = false;
    }
  };

  const unmarked = (text: string): string => {
    const isMarked = isFirst && text.startsWith(BYTE_ORDER_MARK);
    isFirst = false;
    return isMarked ? text.slice(BYTE_ORDER_MARK.length) : text;
  };

  const heldLength = (): number => line.length + (data?.length ?? 0);
  const forget = (): void => {
    isTooLong = true;
    line = 'data:';
    data = null;
  };

  return {
    read(piece) {
      const text = plain(piece);
      let from = 0;
      for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', from)) {
        take(unmarked(line + text.slice(from, at)));
        line = '';
        from = at + 1;
      }
      line += text.slice(from);
      if (heldLength() > MAX_EVENT_LENGTH) forget();
    },
    heldLength,
    forget,
    end() {
      take(unmarked(line));
      line = '';
      take('');
    },
  };
}

/** Gives pieces with one sign at the end of each line; `\r\n` may be cut in two. */
function createLineEnds(): (piece: string) => string {
  let endsInReturn = false;
  return (piece) => {
    const rest = endsInReturn && piece.startsWith('\n') ? piece.slice(1) : piece;
    if (piece !== '') endsInReturn = piece.endsWith('\r');
    return rest.includes('\r') ? rest.replace(/\r\n?/g, '\n') : rest;
  };
}

function fieldValue(line: string): string {
  const from = line.indexOf(':') + 1;
  return line.slice(line[from] === ' ' ? from + 1 : from);
}
