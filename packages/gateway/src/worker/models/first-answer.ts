import { AsyncLocalStorage } from 'node:async_hooks';

/** What came of a request that was made already. */
export type FirstAnswer = { readonly response: Response } | { readonly error: unknown };

/** For one request that the code within makes to the broker: it is not sent, this has come of it. */
type Waiting = { first: FirstAnswer | null };

const waiting = new AsyncLocalStorage<Waiting>();

/** Runs what makes a request to the broker of which the answer is here already; its further ones are sent. */
export function withFirstAnswer<Result>(first: FirstAnswer, make: () => Result): Result {
  return waiting.run({ first }, make);
}

/** What came of the request that is about to be made; null where it has to be sent. */
export function takeFirstAnswer(): FirstAnswer | null {
  const held = waiting.getStore();
  const first = held?.first ?? null;
  if (held) held.first = null;
  return first;
}
