import { GatewayError } from '../errors.ts';
import { createFairLine, type FairLine } from './fair-line.ts';

export type QueueLimits = {
  /** Runs of one agent at the same time. */
  readonly maxConcurrentRuns: number;
  /** Runs of one agent that may wait. */
  readonly maxQueuedRuns: number;
  readonly queueTimeoutMs: number;
};

/** A place among an agent's runs. */
export type RunPlace = {
  /** False where it was free at once. */
  readonly hasWaited: boolean;
  /** Gives it to the next in the queue; calling it again does nothing. */
  readonly leave: () => void;
};

/** Whose run it is, and of which agent. */
export type QueuedRun = { readonly agentId: string; readonly keyId: string };

/** The runs of each agent, and those that wait for a place: the keys in turn, the runs of a key in order. */
export type RunQueue = {
  /**
   * Resolves when the agent has a place for one more run. Where no more may wait, the newest run of the key that has
   * most gives way to one of a key that has fewer.
   *
   * @throws GatewayError `overloaded` where too many wait or the wait took too long, `run_cancelled` where one of
   *   `signals` aborted meanwhile.
   */
  readonly enter: (
    run: QueuedRun,
    limits: QueueLimits,
    signals: readonly AbortSignal[],
  ) => Promise<RunPlace>;
  /** How many wait for a place of an agent. */
  readonly waiting: (agentId: string) => number;
};

type Waiter = { readonly onTurn: () => void; readonly giveWay: () => void };

type Line = { running: number; readonly waiting: FairLine<Waiter> };

/** @param onChange - Told how many wait, of all agents together, when that changes. */
export function createRunQueue(onChange: (waiting: number) => void = () => undefined): RunQueue {
  const lines = new Map<string, Line>();
  const waits = createCount(onChange);

  const leave = (agentId: string, line: Line): void => {
    line.running -= 1;
    const next = line.waiting.next();
    if (next) next.onTurn();
    else if (line.running === 0) lines.delete(agentId);
  };

  const take = (agentId: string, line: Line, hasWaited: boolean): RunPlace => {
    line.running += 1;
    let isHeld = true;
    return {
      hasWaited,
      leave() {
        if (isHeld) leave(agentId, line);
        isHeld = false;
      },
    };
  };

  return {
    waiting: (agentId) => lines.get(agentId)?.waiting.size() ?? 0,
    async enter({ agentId, keyId }, limits, signals) {
      const line = lines.get(agentId) ?? { running: 0, waiting: createFairLine() };
      lines.set(agentId, line);
      if (line.running < limits.maxConcurrentRuns && line.waiting.size() === 0) {
        return take(agentId, line, false);
      }
      if (line.waiting.size() >= limits.maxQueuedRuns) makeRoom(line, { agentId, keyId });
      return new Promise((resolve, reject) => {
        const stop = (failure: GatewayError) => () => {
          done();
          reject(failure);
        };
        const waiter: Waiter = {
          onTurn() {
            done();
            resolve(take(agentId, line, true));
          },
          giveWay: stop(busy(agentId)),
        };
        const onLeft = stop(left());
        const timer = setTimeout(waiter.giveWay, limits.queueTimeoutMs);
        const done = () => {
          clearTimeout(timer);
          line.waiting.delete(keyId, waiter);
          waits(-1);
          for (const signal of signals) signal.removeEventListener('abort', onLeft);
        };
        line.waiting.add(keyId, waiter);
        waits(1);
        for (const signal of signals) signal.addEventListener('abort', onLeft);
        if (signals.some(({ aborted }) => aborted)) onLeft();
      });
    },
  };
}

/** Adds what it is given, and tells the sum. */
function createCount(onChange: (count: number) => void): (more: number) => void {
  let count = 0;
  return (more) => {
    count += more;
    onChange(count);
  };
}

/** @throws GatewayError `overloaded` */
function makeRoom(line: Line, { agentId, keyId }: QueuedRun): void {
  const last = line.waiting.lastOfMost(keyId);
  if (!last) throw busy(agentId);
  last.giveWay();
}

function left(): GatewayError {
  return new GatewayError('run_cancelled', 'The caller left before the run began.');
}

function busy(agentId: string): GatewayError {
  return new GatewayError(
    'overloaded',
    `The agent '${agentId}' has as many runs as it may have. Try again in a moment.`,
    { param: 'model' },
  );
}
