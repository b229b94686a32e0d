import type { Duplex } from 'node:stream';
import { maxFrameBytes } from './frame-limits.ts';
import { createFrameReader, type FrameFailure } from './frame-reader.ts';

/** One end of a conversation of JSON objects, one a line, of which some bring raw bytes along. */
export type Channel<Out> = {
  /**
   * Queues a message, with the bytes that follow it; it leaves with others as `joins` says. Does nothing once closed.
   * Throws what `JSON.stringify` throws.
   */
  readonly send: (message: Out, bytes?: Uint8Array) => void;
  /** Whether more waits here for the system to take it than is good: the peer does not read as fast as is sent. */
  readonly isBehind: () => boolean;
  /** How much that is, but for what has not left yet, 64 KiB at most; nothing once closed. */
  readonly waitingBytes: () => number;
  /** Calls back when the system has taken all that was sent so far; never once closed. */
  readonly onceTaken: (callback: () => void) => void;
  /** Hands what is queued to the system at once, as far as that takes it: for the last words of a process. */
  readonly flush: () => void;
  /** Sends what is queued, then closes; nothing more is received. */
  readonly close: () => void;
};

/** What may wait for a peer before whoever can wait should. */
const MAX_WAITING_BYTES = 1024 * 1024;

/** What may wait here for the end of a tick or turn; longer than this it leaves at once. */
const MAX_QUEUED_LENGTH = 64 * 1024;

/** Why a channel closed by itself. The message quotes nothing of what was received. */
export type ChannelFailure =
  | FrameFailure
  | { readonly type: 'stream_error'; readonly message: string };

export type ChannelOptions<In> = {
  /** Longest line taken, without its end; a longer one fails the channel as soon as it is seen to be longer. */
  readonly maxIncomingLineBytes: number;
  /** `bytes` is null where the message's line announces none. */
  readonly onMessage: (message: In, bytes: Buffer | null) => void;
  /** Called exactly once: with null where either side closed, else with what failed. No message comes after it. */
  readonly onClose: (failure: ChannelFailure | null) => void;
  /**
   * What leaves in one write, `tick` unless given: what one callback sends, or all callbacks of a turn of the event loop.
   * A turn may be long where a process runs code that is not its own.
   */
  readonly joins?: 'tick' | 'turn';
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

  const limits = { maxLineBytes: options.maxIncomingLineBytes, maxBytes: maxFrameBytes };
  const reader = createFrameReader(limits, (message, bytes) => {
    // The peer's shape is its own claim; whoever does not trust it checks it.
    options.onMessage(message as In, bytes);
    return state === 'open';
  });
  const writer = createWriter(stream, options.joins ?? 'tick');
  const waitingBytes = (): number => (state === 'closed' ? 0 : stream.writableLength);

  stream.on('data', (chunk: Buffer) => {
    const failure = state === 'open' ? reader.push(chunk) : null;
    if (failure) finish(failure);
  });
  stream.on('end', () => {
    finish(null);
    stream.end();
  });
  stream.on('close', () => finish(null));
  stream.on('error', (error) => finish({ type: 'stream_error', message: error.message }));

  return {
    send(message, bytes) {
      if (state !== 'open') return;
      const line = JSON.stringify(message);
      if (bytes) writer.write(`${line.slice(0, -1)},"bytes":${bytes.length}}\n`, bytes);
      else writer.write(`${line}\n`);
    },
    isBehind: () => waitingBytes() > MAX_WAITING_BYTES,
    waitingBytes,
    onceTaken(callback) {
      if (state !== 'open') return;
      writer.flush();
      if (stream.writableLength === 0) callback();
      else if (stream.writable) stream.write('', (error) => error ?? callback());
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

function createWriter(stream: Duplex, joins: 'tick' | 'turn') {
  let queue: (string | Uint8Array)[] = [];
  let queuedLength = 0;

  const flush = (): void => {
    if (queue.length === 0) return;
    const written = joined(queue);
    queue = [];
    queuedLength = 0;
    if (stream.writable) stream.write(written);
  };

  return {
    write(...pieces: readonly (string | Uint8Array)[]): void {
      if (queue.length === 0 && joins === 'tick') process.nextTick(flush);
      if (queue.length === 0 && joins === 'turn') setImmediate(flush);
      queue.push(...pieces);
      for (const { length } of pieces) queuedLength += length;
      if (queuedLength >= MAX_QUEUED_LENGTH) flush();
    },
    flush,
  };
}

function joined(pieces: readonly (string | Uint8Array)[]): string | Uint8Array {
  if (pieces.every((piece) => typeof piece === 'string')) return pieces.join('');
  return Buffer.concat(
    pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)),
  );
}
