import { useEffect, useState, useSyncExternalStore } from 'react';
import { useLiveEvents } from '../../api/live-context.ts';
import type { LiveEvents } from '../../api/live-events.ts';
import type { Run } from '../../api/runs.ts';
import { text } from '../../strings/text.ts';

/** How runs ended that ended lately, as the stream of events tells it: who may not read runs hears no more than that. */
export type EndedRuns = {
  readonly outcomeOf: (runId: string) => Run['outcome'] | undefined;
  readonly subscribe: (onChange: () => void) => () => void;
};

/** A run ends before the answer that let it go on has come, so that many are kept. */
const mostKept = 1000;

/** Hears of ends for as long as the page is open. */
export function useEndedRuns(): EndedRuns {
  const live = useLiveEvents();
  const [ended] = useState(createEndedRuns);
  useEffect(() => ended.follow(live), [ended, live]);
  return ended;
}

/** How a run ended; undefined until that is heard. */
export function useEnd({ subscribe, outcomeOf }: EndedRuns, runId: string) {
  return useSyncExternalStore(subscribe, () => outcomeOf(runId));
}

function createEndedRuns(): EndedRuns & { readonly follow: (live: LiveEvents) => () => void } {
  const outcomes = new Map<string, Run['outcome']>();
  const watchers = new Set<() => void>();
  const known = Object.keys(text.runs.outcomes) as Run['outcome'][];
  return {
    outcomeOf: (runId) => outcomes.get(runId),
    subscribe(onChange) {
      watchers.add(onChange);
      return () => watchers.delete(onChange);
    },
    follow: (live) =>
      live.listen(({ type, run_id, outcome }) => {
        const ended = known.find((each) => each === outcome);
        if (type !== 'run_ended' || !ended) return;
        outcomes.set(String(run_id), ended);
        const [oldest] = outcomes.keys();
        if (outcomes.size > mostKept && oldest !== undefined) outcomes.delete(oldest);
        for (const watcher of watchers) watcher();
      }),
  };
}
