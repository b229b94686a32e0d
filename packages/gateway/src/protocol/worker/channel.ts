import type { Duplex } from 'node:stream';

/** One end of a conversation of JSON objects, one a line. */
export type Channel<Out> = {
  /** Queues a message; all of one tick leave in one write. Does nothing once closed. Throws what `JSON.stringify` throws. */
  readonly send: (message: Out) => void;
  /** Hands what is queued to the system at once, as far as that takes it: for the last words of a process. */
  readonly flush: () => void;
  /** Sends what is queued, then closes; nothing more is received. */
  readonly close: () => void;
};

/** Why a channel closed by itself. The message quotes nothing of what was received. */
export type ChannelFailure = {
  readonly type: 'line_too_long' | 'not_json' | 'stream_error';
  readonly message: string;
};

export type ChannelOptions<In> = {
  /** Longest line taken, without its end; a longer one fails the channel as soon as it is seen to be longer. */
  readonly maxIncomingLineBytes: number;
  readonly onMessage: (message: In) => void;
  /** Called exactly once: with null where either side closed, else with what failed. No message comes after it. */
  readonly onClose: (failure: ChannelFailure | null) => void;
};

/**
 * Speaks newline-delimited JSON in UTF-8 over a stream and takes ownership of it. Always reads, so that a peer never
 * blocks on a slow reader here; whoever needs flow control puts it into the messages. An unfinished last line is dropped.
 */
export function createChannel<In extends { readonly type: string }, Out>(
  stream: Duplex,
  options: ChannelOptions<In>,
): Channel<Out> {
  let state: 'open' | 'closing' | 'closed' = 'open';

  const finish = (failure: ChannelFailure | null): void => {
    if (state === 'closed') return;
    state = 'closed';
    if (failure) stream.destroy();
    options.onClose(failure);
  };

  const takeLine = (line: Buffer): boolean => {
    const message = parseMessage(line);
    if (message === null) {
      finish({ type: 'not_json', message: 'A line is no JSON object with a "type".' });
    } else {
      // The peer's shape is its own claim; whoever does not trust it checks it.
      options.onMessage(message as In);
    }
    return state === 'open';
  };

  const lines = createLineReader(options.maxIncomingLineBytes, takeLine);
  const writer = createWriter(stream);

  stream.on('data', (chunk: Buffer) => {
    if (state !== 'open' || lines.push(chunk)) return;
    const message = `A line is longer than ${options.maxIncomingLineBytes} bytes.`;
    finish({ type: 'line_too_long', message });
  });
  stream.on('end', () => {
    finish(null);
    stream.end();
  });
  stream.on('close', () => finish(null));
  stream.on('error', (error) => finish({ type: 'stream_error', message: error.message }));

  return {
    send(message) {
      if (state === 'open') writer.write(`${JSON.stringify(message)}\n`);
    },
    flush: writer.flush,
    close() {
      if (state !== 'open') return;
      state = 'closing';
      writer.flush();
      stream.end(() => stream.destroy());
    },
  };
}

function parseMessage(line: Buffer): { type: string } | null {
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    const isMessage =
      typeof value === 'object' &&
      value !== null &&
      'type' in value &&
      typeof value.type === 'string';
    return isMessage ? (value as { type: string }) : null;
  } catch {
    return null;
  }
}

/**
 * Cuts chunks into lines before decoding, so that no character is split. `takeLine` answers false to stop.
 * `push` answers false where a line is too long; the rest is then no longer worth reading.
 */
function createLineReader(maxLineBytes: number, takeLine: (line: Buffer) => boolean) {
  let partial: Buffer[] = [];
  let partialBytes = 0;

  return {
    push(chunk: Buffer): boolean {
      let start = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
        if (partialBytes + end - start > maxLineBytes) return false;
        const tail = chunk.subarray(start, end);
        const line = partialBytes === 0 ? tail : Buffer.concat([...partial, tail]);
        partial = [];
        partialBytes = 0;
        start = end + 1;
        if (!takeLine(line)) return true;
      }
      if (start === chunk.length) return true;
      partial.push(chunk.subarray(start));
      partialBytes += chunk.length - start;
      return partialBytes <= maxLineBytes;
    },
  };
}

function createWriter(stream: Duplex) {
  let queue: string[] = [];

  const flush = (): void => {
    if (queue.length === 0) return;
    const text = queue.join('');
    queue = [];
    if (stream.writable) stream.write(text);
  };

  return {
    write(line: string): void {
      if (queue.length === 0) process.nextTick(flush);
      queue.push(line);
    },
    flush,
  };
}
