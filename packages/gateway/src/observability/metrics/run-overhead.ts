import type { GatewayEvent } from '../../events.ts';

/** Runs whose times are kept. The oldest make room: of one whose request ended before it began, no end comes. */
const MAX_RUNS = 10_000;

/** Stretches of a run that are kept; what is more counts as the gateway's. */
const MAX_STRETCHES = 1000;

type Stretch = { readonly fromMs: number; readonly toMs: number };

/**
 * Finds how long a request took beside its models and tools: the time in which none of them was at work.
 *
 * @param nowMs - The clock of the events' durations.
 * @returns Takes every event; milliseconds at the end of a request that began a run, null else.
 */
export function createRunOverhead(
  nowMs: () => number = () => performance.now(),
): (event: GatewayEvent) => number | null {
  const runs = new Map<string, Stretch[]>();
  const worked = (runId: string | null, durationMs: number, agoMs: number): void => {
    const stretches = runId === null ? undefined : runs.get(runId);
    if (!stretches || stretches.length >= MAX_STRETCHES) return;
    const toMs = nowMs() - agoMs;
    stretches.push({ fromMs: toMs - durationMs, toMs });
  };
  return (event) => {
    if (event.type === 'run_started') {
      const [oldest] = runs.size < MAX_RUNS ? [] : runs.keys();
      if (oldest !== undefined) runs.delete(oldest);
      runs.set(event.runId, []);
    } else if (event.type === 'model_called') {
      worked(event.runId, event.durationMs, 0);
    } else if (event.type === 'tool_called') {
      worked(event.runId, event.durationMs, event.agoMs);
    } else if (event.type === 'request_ended' && event.run) {
      const stretches = runs.get(event.run.runId);
      runs.delete(event.run.runId);
      return stretches ? restOf(stretches, nowMs(), event.durationMs) : null;
    }
    return null;
  };
}

/** What overlaps counts once. */
function restOf(stretches: readonly Stretch[], endMs: number, durationMs: number): number {
  let untilMs = endMs - durationMs;
  let worked = 0;
  for (const { fromMs, toMs } of stretches.toSorted((a, b) => a.fromMs - b.fromMs)) {
    worked += Math.max(0, Math.min(toMs, endMs) - Math.max(fromMs, untilMs));
    untilMs = Math.max(untilMs, toMs);
  }
  return Math.max(0, durationMs - worked);
}
