import { createLimits, type LimitOptions } from './limits.ts';

const PING_INTERVAL_MS = 1000;

/** Memory can grow by gigabytes within a second, so it is looked at more often than a ping is sent. */
const MAX_TICK_MS = 250;

/** To look for children takes longer than to look at memory, so it is done at each second tick. */
const TICKS_PER_LOOK = 2;

export type Watchdog = {
  /** The worker said something; `rssMb` where it reported its memory. */
  readonly heard: (rssMb?: number) => void;
  /** Silence is no stall until `resume`: a module at import may block as long as its load may take. */
  readonly suspend: () => void;
  readonly resume: () => void;
  readonly rssMb: () => number | null;
  /** How long its last answer to a ping took, in ms: its event loop was busy for about so long. Null before the first. */
  readonly lagMs: () => number | null;
  readonly stop: () => void;
};

/**
 * Watches one worker: pings it, and reports when it is silent for too long, or uses too much with its children. Begins
 * suspended: a process has to start first.
 */
export function createWatchdog(
  options: LimitOptions & {
    readonly stallTimeoutMs: number;
    readonly ping: (sequence: number) => void;
    readonly onStalled: () => void;
  },
): Watchdog {
  const pingEveryMs = Math.min(PING_INTERVAL_MS, options.stallTimeoutMs / 4);
  const tickMs = Math.min(MAX_TICK_MS, pingEveryMs);
  const limits = createLimits(options);
  let isSuspended = true;
  let heardAtMs = performance.now();
  let tickedAtMs = heardAtMs;
  let pingedAtMs = heardAtMs;
  let sequence = 0;
  let lagMs: number | null = null;
  let ticks = 0;

  const checkLife = (nowMs: number): void => {
    // A tick that comes late says that this process was held up, which proves nothing about the worker.
    if (isSuspended || nowMs - tickedAtMs > tickMs * 4) heardAtMs = nowMs;
    else if (nowMs - heardAtMs > options.stallTimeoutMs) options.onStalled();
    tickedAtMs = nowMs;
    if (nowMs - pingedAtMs < pingEveryMs) return;
    pingedAtMs = nowMs;
    sequence += 1;
    options.ping(sequence);
  };
  const timer = setInterval(() => {
    ticks += 1;
    if (ticks % TICKS_PER_LOOK === 0) limits.checkProcesses();
    limits.checkMemory();
    checkLife(performance.now());
  }, tickMs).unref();

  return {
    heard(reported) {
      heardAtMs = performance.now();
      if (reported === undefined) return;
      lagMs = heardAtMs - pingedAtMs;
      limits.reported(reported);
    },
    suspend() {
      isSuspended = true;
    },
    resume() {
      isSuspended = false;
      heardAtMs = performance.now();
    },
    rssMb: limits.rssMb,
    lagMs: () => lagMs,
    stop: () => clearInterval(timer),
  };
}
