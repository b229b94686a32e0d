import { Worker } from 'node:worker_threads';
import { ownFile } from '../../own-files.ts';
import { type BusyThreadData, turns } from './busy-turns.ts';

/** A loop that may go on for ever without giving anything else a turn. */
const endless = /\bwhile\s*\(|\bdo\s*\{|\bfor\s*\(\s*;/;

/**
 * Has a thread say where this process is, should its load still be busy at its limit: what blocks a process keeps it
 * from saying that itself. Only an inspector can tell, and it is opened at the limit alone; a process that is held to
 * Node's permissions has none. A thread takes 20 MB, so a text that has no such loop gets none.
 *
 * @returns Ends the watch.
 */
export function watchBusy(text: string, timeoutMs: number): () => void {
  const isHeld = 'permission' in process && process.permission !== undefined;
  if (isHeld || !Number.isFinite(timeoutMs) || !endless.test(text)) return () => undefined;
  const data: BusyThreadData = { timeoutMs, turn: new Int32Array(new SharedArrayBuffer(4)) };
  const thread = new Worker(ownFile('worker/script/busy-thread'), {
    workerData: data,
    env: {},
    execArgv: [],
  });
  // Without it there is no line, and that is all.
  thread.on('error', () => undefined);
  thread.unref();
  return () => {
    const before = Atomics.compareExchange(data.turn, 0, turns.waiting, turns.over);
    // One that asks is left to end by itself: its end must not come between a question and the answer.
    if (before === turns.waiting) void thread.terminate();
  };
}
