import type { Readable } from 'node:stream';

/** Longest line kept; the rest of a longer one is left out. */
const MAX_LINE_BYTES = 16 * 1024;

/** What one stream of one worker may say in a second before lines are dropped. */
const MAX_LINES_PER_SECOND = 500;
const MAX_BYTES_PER_SECOND = 256 * 1024;

const WINDOW_MS = 1000;

/**
 * Reads what an agent prints and gives it out as lines. Always reads, so that printing never blocks the agent, and
 * gives out no more than a budget per second: what is over it becomes one line that says how many are missing.
 */
export function readOutputLines(stream: Readable, onLine: (line: string) => void): void {
  const budget = createBudget(onLine);
  let partial: Buffer[] = [];
  let partialBytes = 0;
  let isCut = false;

  const add = (bytes: Buffer): void => {
    const kept = bytes.subarray(0, MAX_LINE_BYTES - partialBytes);
    isCut ||= kept.length < bytes.length;
    if (kept.length === 0) return;
    partial.push(kept);
    partialBytes += kept.length;
  };
  const endLine = (): void => {
    budget.take(partial, partialBytes, isCut ? ' … (line cut)' : '');
    partial = [];
    partialBytes = 0;
    isCut = false;
  };

  stream.on('data', (chunk: Buffer) => {
    let start = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      add(chunk.subarray(start, end));
      endLine();
      start = end + 1;
    }
    add(chunk.subarray(start));
  });
  stream.on('error', () => {});
  stream.once('close', () => {
    if (partialBytes > 0) endLine();
    budget.close();
  });
}

function createBudget(onLine: (line: string) => void) {
  let lines = 0;
  let bytes = 0;
  let dropped = 0;
  let window: NodeJS.Timeout | null = null;

  const renew = (): void => {
    if (window) clearTimeout(window);
    window = null;
    lines = 0;
    bytes = 0;
    if (dropped > 0) onLine(`… ${dropped} lines dropped: more than a log can take`);
    dropped = 0;
  };

  return {
    take(parts: readonly Buffer[], size: number, suffix: string): void {
      window ??= setTimeout(renew, WINDOW_MS).unref();
      lines += 1;
      bytes += size;
      if (lines > MAX_LINES_PER_SECOND || bytes > MAX_BYTES_PER_SECOND) {
        dropped += 1;
        return;
      }
      const text = Buffer.concat(parts).toString('utf8');
      onLine((text.endsWith('\r') ? text.slice(0, -1) : text) + suffix);
    },
    close: renew,
  };
}
