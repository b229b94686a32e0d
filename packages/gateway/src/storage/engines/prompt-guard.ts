import { StoreError } from '../store-error.ts';
import type { Guard, PromptCall, Promptly } from './engine.ts';

/** How long a database may answer nothing of what requests wait for before it counts as stalled. */
const STALLED_MS = 3000;

/**
 * Keeps requests from waiting for a server that answers no more and says nothing of it: where none of what was asked
 * gets an answer for `STALLED_MS`, all of it is refused, and what is asked then at once, until something is answered.
 * A server that is only slow answers somebody all the while, and is waited for.
 *
 * @param guarded - Runs the work, which may go on after it was given up.
 * @param explain - What a stall means and what to do, without any secret.
 */
export function createPromptGuard(guarded: Guard, explain: () => string): Promptly {
  const waiting = new Set<() => void>();
  let isStalled = false;
  let timer: NodeJS.Timeout | null = null;

  const giveUp = () => {
    isStalled = true;
    for (const end of waiting) end();
    waiting.clear();
  };
  const watch = () => {
    if (timer) clearTimeout(timer);
    // An answer may have come while this process did something else; it is read before the second turn.
    const onTime = () => setImmediate(() => setImmediate(() => timer === mine && giveUp()));
    const mine = waiting.size > 0 ? setTimeout(onTime, STALLED_MS).unref() : null;
    timer = mine;
  };

  const ask = <Result>(work: (call: PromptCall) => Promise<Result>): Promise<Result> => {
    const answer = Promise.withResolvers<Result>();
    const call = { isGivenUp: false };
    const end = () => {
      call.isGivenUp = true;
      answer.reject(new StoreError(explain()));
    };
    waiting.add(end);
    if (waiting.size === 1) watch();
    guarded(() => work(call)).then(
      (result) => {
        isStalled = false;
        waiting.delete(end);
        watch();
        answer.resolve(result);
      },
      (error: unknown) => {
        waiting.delete(end);
        if (waiting.size === 0) watch();
        answer.reject(error);
      },
    );
    return answer.promise;
  };

  return {
    ask: (work) => (isStalled ? Promise.reject(new StoreError(explain())) : ask(work)),
    probe: ask,
  };
}
