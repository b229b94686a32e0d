import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { readOutputLines } from './output-lines.ts';

/** V8 says why it gave up some thirty lines before its last one. */
const KEPT_ERROR_LINES = 50;

/** How long to wait for the last words of a process that ended while something else still holds its pipes. */
const LAST_WORDS_MS = 500;

/** Reads both outputs of a process and gives each line out. Returns its last lines of stderr, which follow as they come. */
export function readOutputs(
  streams: { readonly stdout: Readable | null; readonly stderr: Readable | null },
  onOutput: (stream: 'stdout' | 'stderr', line: string) => void,
): readonly string[] {
  const lines: string[] = [];
  const { stdout, stderr } = streams;
  if (stdout) readOutputLines(stdout, (line) => onOutput('stdout', line));
  if (!stderr) return lines;
  readOutputLines(stderr, (line) => {
    lines.push(line);
    if (lines.length > KEPT_ERROR_LINES) lines.shift();
    onOutput('stderr', line);
  });
  return lines;
}

/** Resolves when all that a process which ended has said is read, as far as that comes at all. */
export function untilClosed(child: ChildProcess): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  // After a pause of this process the timer is due before what lies ready is read: that comes first.
  const timer = setTimeout(() => setImmediate(resolve), LAST_WORDS_MS);
  child.once('close', () => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}
