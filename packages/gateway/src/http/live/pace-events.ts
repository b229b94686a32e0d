import type { LiveEvent } from '../../protocol/admin/events-answer.ts';

/** How fast one stream is told of events. */
export type Pace = {
  /** Whether an event may be told now; else it counts as skipped. */
  readonly take: (type: LiveEvent['type']) => boolean;
  /** What was skipped, where it is time to say so; null where nothing was. `force` says it before time. */
  readonly skipped: (options: { readonly force: boolean }) => Skipped | null;
};

export type Skipped = { readonly count: number; readonly types: readonly string[] };

const WINDOW_MS = 1000;

/** In one window. */
const MOST = 100;

/** The same of what comes with the traffic: there is room for what changes the gateway itself, however many call. */
const MOST_OF_TRAFFIC = 90;

const traffic: ReadonlySet<LiveEvent['type']> = new Set([
  'run_started',
  'run_ended',
  'tool_called',
  'model_called',
  'access_denied',
  'queue_changed',
]);

/** @param nowMs - A clock that only goes on. */
export function createPace(nowMs: () => number): Pace {
  let sinceMs = nowMs();
  let told = 0;
  let ofTraffic = 0;
  let count = 0;
  let types = new Set<string>();
  const isOver = () => nowMs() - sinceMs >= WINDOW_MS;

  return {
    take(type) {
      if (isOver()) {
        sinceMs = nowMs();
        told = 0;
        ofTraffic = 0;
      }
      const isTraffic = traffic.has(type);
      if (told < MOST && !(isTraffic && ofTraffic >= MOST_OF_TRAFFIC)) {
        told += 1;
        if (isTraffic) ofTraffic += 1;
        return true;
      }
      count += 1;
      types.add(type);
      return false;
    },
    skipped({ force }) {
      if (count === 0 || !(force || isOver())) return null;
      const skipped = { count, types: [...types] };
      count = 0;
      types = new Set();
      return skipped;
    },
  };
}
