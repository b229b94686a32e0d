import { setImmediate } from 'node:timers/promises';

/**
 * Shares work between all who ask for it, so that many who ask cost little more than one: who asks while it is done
 * gets the outcome of the next time, which begins when this one is over, together with all who asked by then. What is
 * found out is never older than the question.
 *
 * @param work - May reject; whoever shares in it is told so.
 */
export function shareNext<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let underWay: Promise<unknown> | null = null;
  let next: Promise<Result> | null = null;
  const begin = (): Promise<Result> => {
    next = null;
    const outcome = work();
    const over = outcome
      .catch(() => undefined)
      // Work that never gives way is over before those who ask in the same turn are heard.
      .then(() => setImmediate())
      .then(() => {
        if (underWay === over) underWay = null;
      });
    underWay = over;
    return outcome;
  };
  return () => {
    if (!underWay) return begin();
    next ??= underWay.then(begin);
    return next;
  };
}
