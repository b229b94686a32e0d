/** Why nothing more is read. The message quotes nothing of what was received. */
export type FrameFailure = {
  readonly type: 'line_too_long' | 'not_json' | 'bytes_invalid';
  readonly message: string;
};

/** Reads messages, each a line of JSON, with the raw bytes that follow where its `bytes` says how many. */
export type FrameReader = {
  /** Takes the next piece, cut anywhere. Answers what failed; what follows is then not worth reading. */
  readonly push: (chunk: Buffer) => FrameFailure | null;
};

export type FrameLimits = {
  /** Of a line, without its end. */
  readonly maxLineBytes: number;
  /** Of what follows one line. */
  readonly maxBytes: number;
};

type Message = { readonly type: string };

/**
 * Makes a reader. `take` gets each message when all of it is there, with null where its line announces no bytes, and
 * answers false to stop.
 */
export function createFrameReader(
  { maxLineBytes, maxBytes }: FrameLimits,
  take: (message: Message, bytes: Buffer | null) => boolean,
): FrameReader {
  const line = createPieces();
  const raw = createPieces();
  let announced: { readonly message: Message; readonly length: number } | null = null;

  /** Answers where the next line begins, or null where more has to come. */
  const takeBytes = (chunk: Buffer, start: number): number | null => {
    if (!announced) return start;
    const { message, length } = announced;
    const end = Math.min(chunk.length, start + length - raw.length());
    if (end > start) raw.add(chunk.subarray(start, end));
    if (raw.length() < length) return null;
    announced = null;
    return take(message, raw.whole()) ? end : null;
  };

  const takeLine = (text: Buffer): FrameFailure | 'go_on' | 'stop' => {
    const message = parseMessage(text);
    if (message === null) {
      return { type: 'not_json', message: 'A line is no JSON object with a "type".' };
    }
    if (!('bytes' in message)) return take(message, null) ? 'go_on' : 'stop';
    const length = Number(message.bytes);
    if (message.bytes !== length || !Number.isInteger(length) || length < 0 || length > maxBytes) {
      const text = `The bytes after a line are no whole number up to ${maxBytes}.`;
      return { type: 'bytes_invalid', message: text };
    }
    announced = { message, length };
    return 'go_on';
  };

  return {
    push(chunk) {
      for (let start = takeBytes(chunk, 0); start !== null; ) {
        const end = chunk.indexOf(10, start);
        const upTo = end === -1 ? chunk.length : end;
        if (line.length() + upTo - start > maxLineBytes) {
          const message = `A line is longer than ${maxLineBytes} bytes.`;
          return { type: 'line_too_long', message };
        }
        if (upTo > start || end !== -1) line.add(chunk.subarray(start, upTo));
        if (end === -1) return null;
        const next = takeLine(line.whole());
        if (next !== 'go_on') return next === 'stop' ? null : next;
        start = takeBytes(chunk, end + 1);
      }
      return null;
    },
  };
}

/** So many pieces are joined at once: one that holds a byte takes far more. */
const MAX_PIECES = 1024;

/** What came of a line, or of the bytes after it, so far. */
function createPieces() {
  let pieces: Buffer[] = [];
  let joined = 0;
  let length = 0;
  return {
    length: () => length,
    add(piece: Buffer): void {
      pieces.push(piece);
      length += piece.length;
      if (pieces.length - joined < MAX_PIECES) return;
      pieces.push(Buffer.concat(pieces.splice(joined)));
      joined += 1;
    },
    /** All of it; nothing is left. */
    whole(): Buffer {
      const [only] = pieces;
      const whole = pieces.length === 1 && only ? only : Buffer.concat(pieces, length);
      pieces = [];
      joined = 0;
      length = 0;
      return whole;
    },
  };
}

function parseMessage(line: Buffer): (Message & { readonly bytes?: unknown }) | null {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    const isMessage =
      typeof value === 'object' &&
      value !== null &&
      'type' in value &&
      typeof value.type === 'string';
    return isMessage ? (value as Message) : null;
  } catch {
    return null;
  }
}
