import { fstatSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import pino from 'pino';

/** Where lines go: batched, and without ever holding up who writes them. */
export type LogOutput = {
  /** Takes a line with its end. */
  readonly write: (line: string) => void;
  /** Writes out what waits, for 2 s at most; the last call. */
  readonly close: () => Promise<void>;
};

// A write a line costs more than everything else a run does in this process.
const BUFFER_LETTERS = 8 * 1024;
const FLUSH_AFTER_MS = 100;

/** So much waits for a reader; what comes then is dropped and counted. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

const CLOSE_TIMEOUT_MS = 2000;
const LOOK_AGAIN_MS = 10;

/**
 * Opens stdout, for machines.
 *
 * @param droppedLine - The line that says how many were dropped because nobody read them.
 */
export function openStdout(droppedLine: (count: number) => string): LogOutput {
  const stats = fstatSync(1);
  return stats.isFIFO() || stats.isSocket()
    ? createPipeOutput(process.stdout, { batchLetters: BUFFER_LETTERS, droppedLine })
    : createFileOutput(1);
}

/** Opens stderr, for a person: a line is there at once. */
export function openStderr(droppedLine: (count: number) => string): LogOutput {
  return createPipeOutput(process.stderr, { batchLetters: 0, droppedLine });
}

/** A file or terminal: what writes to it does so in a thread of its own. */
function createFileOutput(fd: 1): LogOutput {
  const destination = pino.destination({ dest: fd, sync: false, minLength: BUFFER_LETTERS });
  const timer = setInterval(() => destination.flush(), FLUSH_AFTER_MS).unref();
  return {
    write: (line) => void destination.write(line),
    async close() {
      clearInterval(timer);
      destination.flushSync();
    },
  };
}

/** A pipe, whose reader may be slow, or stop: a thread that waits for it would keep the process from its end. */
function createPipeOutput(
  pipe: NodeJS.WriteStream,
  options: {
    /** Letters that are written together. */
    readonly batchLetters: number;
    readonly droppedLine: (count: number) => string;
  },
): LogOutput {
  let waiting = '';
  let dropped = 0;
  // Its reader has gone.
  let isBroken = false;
  pipe.on('error', () => {
    isBroken = true;
  });
  const flush = () => {
    if (isBroken || waiting === '') return;
    pipe.write(waiting);
    waiting = '';
  };
  const timer = setInterval(flush, FLUSH_AFTER_MS).unref();
  return {
    write(line) {
      if (pipe.writableLength > MAX_WAITING_BYTES) {
        dropped += 1;
        return;
      }
      if (dropped > 0) waiting += options.droppedLine(dropped);
      dropped = 0;
      waiting += line;
      if (waiting.length >= options.batchLetters) flush();
    },
    async close() {
      clearInterval(timer);
      flush();
      const untilMs = performance.now() + CLOSE_TIMEOUT_MS;
      while (pipe.writableLength > 0 && !isBroken && performance.now() < untilMs) {
        await wait(LOOK_AGAIN_MS);
      }
    },
  };
}
