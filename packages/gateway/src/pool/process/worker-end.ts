import { constants } from 'node:os';
import type { WorkerEndReason } from '../../protocol/pool.ts';
import type { FailureDetail } from '../../protocol/run.ts';
import type { FromWorker } from '../../protocol/worker/messages.ts';

export type WorkerEnd = {
  readonly reason: WorkerEndReason;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Null where it was asked to end. */
  readonly detail: FailureDetail | null;
};

/** The last words of a worker. */
export type WorkerFault = Pick<Extract<FromWorker, { type: 'fault' }>, 'cause' | 'detail'>;

const asked: ReadonlySet<WorkerEndReason> = new Set(['evicted', 'retired', 'shutdown']);

/** Whether nobody wanted this end, so that it counts as a crash of the module. One that overstayed has a successor. */
export function isCrash(end: WorkerEnd): boolean {
  return !asked.has(end.reason) && end.reason !== 'overstayed';
}

/**
 * Puts together what is known about an end. `killed` is the gateway's own reason with its words, null where it had
 * none; `fault` is what the worker said last; `errorLines` are its last lines on stderr.
 */
export function describeEnd(known: {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly killed: { readonly reason: WorkerEndReason; readonly message: string } | null;
  readonly fault: WorkerFault | null;
  /** False where it did not even get as far as to load a module. */
  readonly saidHello: boolean;
  readonly errorLines: readonly string[];
}): WorkerEnd {
  const { exitCode, signal, killed, errorLines } = known;
  const busy = known.fault?.cause === 'busy' ? known.fault.detail : null;
  const fault = busy ? null : known.fault;
  const reason = killed?.reason ?? ownReason({ ...known, fault });
  const end = { reason, exitCode, signal };
  if (asked.has(reason)) return { ...end, detail: null };
  if (fault && !killed) return { ...end, detail: fault.detail };
  const detail: FailureDetail = {
    class: 'WorkerEnded',
    message: killed?.message ?? ownMessage(end),
    ...(errorLines.length > 0 ? { stack: errorLines.join('\n') } : {}),
    stage: 'worker',
  };
  // Where the process was when its time was over; of one that went on since then that means nothing.
  if (busy && reason === 'load_timeout') {
    return { ...end, detail: { ...busy, class: detail.class, message: detail.message } };
  }
  return { ...end, detail };
}

/** Exit code and signal of a process in a sandbox, whose door ends with 128 and the number of the signal. */
export function endInside(
  exitCode: number | null,
  signal: string | null,
): readonly [number | null, string | null] {
  const [name] =
    Object.entries(constants.signals).find(([, number]) => exitCode === 128 + number) ?? [];
  return name === undefined ? [exitCode, signal] : [null, name];
}

function ownReason(known: Parameters<typeof describeEnd>[0]): WorkerEndReason {
  if (known.errorLines.some((line) => line.includes('JavaScript heap out of memory')))
    return 'memory';
  if (known.fault?.cause === 'exit') return 'exited';
  return known.fault || known.signal || !known.saidHello ? 'crashed' : 'exited';
}

function ownMessage(end: Omit<WorkerEnd, 'detail'>): string {
  if (end.reason === 'memory') return 'The process ran out of heap memory.';
  if (end.signal) return `The process was ended by ${end.signal}.`;
  return `The process ended itself with exit code ${end.exitCode}.`;
}
