import type { LastEvent } from '../../protocol/run.ts';
import type { RunEnding } from '../../protocol/run-ending.ts';
import type { RunSink } from '../../protocol/run-sink.ts';

/** The last event of a run that waits. */
export type Interrupted = Extract<LastEvent, { type: 'interrupted' }>;

/**
 * Holds the end of a run that waits until it is kept, so that nobody is asked about what nobody could go on with.
 *
 * @param keep - Keeps it, once; gives the event that is told in place of that of the worker. Never rejects.
 */
export function holdInterrupted(
  ending: RunEnding,
  keep: (last: Interrupted) => Promise<LastEvent>,
): {
  /** For whoever ends the run. */
  readonly ending: RunEnding;
  /** For whoever sends its events. */
  readonly before: (sink: RunSink) => RunSink;
} {
  let kept: Promise<LastEvent> | null = null;
  const keepOnce = (last: Interrupted) => (kept ??= keep(last));
  return {
    ending: {
      ...ending,
      end(last) {
        if (last?.type !== 'interrupted') ending.end(last);
        else void keepOnce(last).then(ending.end);
      },
      gone() {
        if (kept) void kept.then(() => ending.gone());
        else ending.gone();
      },
    },
    before: (sink) => ({
      write(event) {
        if (event.type !== 'interrupted') return sink.write(event);
        return keepOnce(event).then(async (last) => {
          await sink.write(last);
        });
      },
    }),
  };
}
