import { isLastEvent, type RunEvent } from './run.ts';

/** Whoever takes the events of a run, in order, up to the last one. */
export type RunSink = {
  /**
   * Takes the next event. Where its reader is behind, it answers with a promise of the moment it has caught up or
   * left, and is given nothing before that; null where the next event may follow at once. Never throws or rejects.
   */
  readonly write: (event: RunEvent) => Promise<void> | null;
};

/** What events come from. */
export type RunSource = {
  /** Sends every event there, those that wait already first. To be called once. */
  readonly sendTo: (sink: RunSink) => void;
  readonly cancel: (reason: string) => void;
};

/**
 * The events of a run for a reader that pulls them, one at a time; to be iterated once. A reader that leaves early
 * cancels the run.
 */
export async function* eventsOf(run: RunSource): AsyncGenerator<RunEvent, void, undefined> {
  let given = Promise.withResolvers<RunEvent>();
  let wanted = Promise.withResolvers<void>();
  let isOver = false;
  run.sendTo({
    write(event) {
      given.resolve(event);
      return wanted.promise;
    },
  });
  try {
    while (!isOver) {
      const event = await given.promise;
      isOver = isLastEvent(event);
      yield event;
      given = Promise.withResolvers();
      wanted.resolve();
      wanted = Promise.withResolvers();
    }
  } finally {
    wanted.resolve();
    if (!isOver) run.cancel('the reader left');
  }
}
