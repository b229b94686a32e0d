import { setTimeout as wait } from 'node:timers/promises';
import { allProcesses, hasInitialVariable, processStat } from '../../system/processes.ts';
import type { KnownProcess } from './descendants.ts';

/** The variable by which a worker's processes are known again; children inherit it. */
export const markVariable = 'DROPGATE_WORKER';

/** What a worker may have left behind: whoever has its mark, is in its session, or was seen to come from it. */
export type Traces = {
  readonly pid: number;
  /** Value of the variable that the worker and nobody else was started with. */
  readonly mark: string;
  readonly outside: readonly KnownProcess[];
};

/** Processes that start others while they are ended need more than one round. */
const MAX_ROUNDS = 20;
const ROUND_PAUSE_MS = 10;

/**
 * Ends every process that a worker which is gone left behind. It looks again until there is none, or gives up after a
 * fraction of a second.
 *
 * @param look - What is known of them now: those that are left may have started others.
 */
export async function endLeftovers(look: () => Traces): Promise<void> {
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const left = stopAll(() => findLeftovers([look()]));
    if (left.size === 0) return;
    for (const pid of left) killProcess(pid);
    await wait(ROUND_PAUSE_MS);
  }
}

/** Stops what is found until nothing new is: what is ended before its parent stands still would be followed by another. */
function stopAll(find: () => readonly number[]): ReadonlySet<number> {
  const stopped = new Set<number>();
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const running = find().filter((pid) => !stopped.has(pid));
    if (running.length === 0) break;
    for (const pid of running) {
      signalProcess(pid, 'SIGSTOP');
      stopped.add(pid);
    }
  }
  return stopped;
}

/** Pids of the live processes that workers left behind. Linux only: elsewhere there are none. */
export function findLeftovers(workers: readonly Traces[]): number[] {
  const marks = new Set(workers.flatMap(({ mark }) => (mark ? `${markVariable}=${mark}` : [])));
  const sessions = new Set(workers.filter(isGone).map(({ pid }) => pid));
  const seen = new Map(
    workers.flatMap(({ outside }) => outside.map(({ pid, startTicks }) => [pid, startTicks])),
  );
  return allProcesses().filter((pid) => {
    if (pid === process.pid) return false;
    const stat = processStat(pid);
    if (stat === null) return false;
    if (seen.get(pid) === stat.startTicks || sessions.has(stat.session)) return true;
    return hasInitialVariable(pid, marks);
  });
}

/** Kills one process. It may be gone already. */
export function killProcess(pid: number): void {
  signalProcess(pid, 'SIGKILL');
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended in between.
  }
}

/** Otherwise its number is that of another process by now, and so that of its session. */
function isGone({ pid }: Traces): boolean {
  // 0 would be what the kernel itself runs.
  return pid > 1 && processStat(pid) === null;
}
