import type { CpuDemand } from '../system/processes.ts';

/** A machine may be so busy that a load would never end: so many times its limit is the longest that it gets. */
const MOST_STRETCH = 10;

/** A process that wanted a CPU for less than this share of the time only waits for something. */
const WAITING_SHARE = 0.05;

type Demand = () => CpuDemand | null;

/**
 * Calls back once a load had its time. What its process waited for a CPU is no time that it had: others used it.
 *
 * @param demand - What the process did with its time so far.
 * @returns Stops the clock.
 */
export function afterLoadTime(demand: Demand, limitMs: number, onOver: () => void): () => void {
  const heldUpMs = () => demand()?.heldUpMs ?? 0;
  const startedAtMs = performance.now();
  const heldUpBeforeMs = heldUpMs();
  let timer = setTimeout(look, limitMs);

  function look(): void {
    const lostMs = Math.min(heldUpMs() - heldUpBeforeMs, limitMs * (MOST_STRETCH - 1));
    const leftMs = limitMs + lostMs - (performance.now() - startedAtMs);
    if (leftMs < 1) onOver();
    else timer = setTimeout(look, leftMs);
  }
  return () => clearTimeout(timer);
}

/**
 * Says, each time it is asked, whether a process only waited since it was asked last. True where nobody knows.
 *
 * @param demand - What the process did with its time so far.
 */
export function createWaitingCheck(demand: Demand, nowMs: () => number): () => boolean {
  const wantedMs = () => {
    const now = demand();
    return now && now.ranMs + now.heldUpMs;
  };
  let before = { wantedMs: wantedMs(), atMs: nowMs() };
  return () => {
    const now = { wantedMs: wantedMs(), atMs: nowMs() };
    const shortestMs = (now.atMs - before.atMs) * WAITING_SHARE;
    const isKnown = now.wantedMs !== null && before.wantedMs !== null;
    const isWaiting = !isKnown || Number(now.wantedMs) - Number(before.wantedMs) < shortestMs;
    before = now;
    return isWaiting;
  };
}
