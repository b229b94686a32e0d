import type { GatewayError } from '../errors.ts';

/** Something with events that end. */
export type Run<Event> = {
  readonly events: AsyncIterable<Event>;
  /** A failure as reason is what the events end in. */
  readonly cancel: (reason: string | GatewayError) => void;
};

/**
 * The same run, with a call back when its events end, break or are left, and when it is cancelled before anybody read
 * them; it may come more than once. Not a generator: one that nobody ever reads would never come to its end.
 */
export function whenOver<Event, Started extends Run<Event>>(
  run: Started,
  over: () => void,
): Started {
  let isRead = false;
  const events: AsyncIterable<Event> = {
    [Symbol.asyncIterator]() {
      isRead = true;
      const source = run.events[Symbol.asyncIterator]();
      return {
        async next() {
          try {
            const step = await source.next();
            if (step.done) over();
            return step;
          } catch (error) {
            over();
            throw error;
          }
        },
        async return() {
          try {
            await source.return?.();
          } finally {
            over();
          }
          return { done: true, value: undefined };
        },
      };
    },
  };
  return {
    ...run,
    events,
    cancel(reason: string | GatewayError) {
      run.cancel(reason);
      if (!isRead) over();
    },
  };
}
