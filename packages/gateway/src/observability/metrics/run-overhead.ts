import type { GatewayEvent } from '../../events.ts';

/** Runs whose times are kept; what comes beyond is not measured. */
const MAX_RUNS = 10_000;

/** Stretches of a run that are kept apart: models and tools take turns, so most are one behind the other. */
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
  const worked = (runId: string | null, durationMs: number): void => {
    const stretches = runId === null ? undefined : runs.get(runId);
    if (!stretches || stretches.length >= MAX_STRETCHES) return;
    const toMs = nowMs();
    let fromMs = toMs - durationMs;
    // They come in the order of their ends, so that only the last ones can reach into a new one.
    for (let last = stretches.at(-1); last && last.toMs >= fromMs; last = stretches.at(-1)) {
      fromMs = Math.min(fromMs, last.fromMs);
      stretches.pop();
    }
    stretches.push({ fromMs, toMs });
  };
  return (event) => {
    if (event.type === 'run_started') {
      if (runs.size < MAX_RUNS) runs.set(event.runId, []);
    } else if (event.type === 'model_called' || event.type === 'tool_called') {
      worked(event.runId, event.durationMs);
    } else if (event.type === 'request_ended' && event.run) {
      const stretches = runs.get(event.run.runId);
      runs.delete(event.run.runId);
      return stretches ? restOf(stretches, nowMs(), event.durationMs) : null;
    }
    return null;
  };
}

function restOf(stretches: readonly Stretch[], endMs: number, durationMs: number): number {
  const beganMs = endMs - durationMs;
  const worked = stretches.reduce(
    (sum, { fromMs, toMs }) => sum + Math.max(0, toMs - Math.max(fromMs, beganMs)),
    0,
  );
  return Math.max(0, durationMs - worked);
}
