import { setTimeout as wait } from 'node:timers/promises';
import type { Send } from './ask-agent.ts';
import type { CallerBench } from './fault-bench.ts';

/** Between two calls of one caller: as many as a second of them are meant to be, not a wait for anything. */
const paceMs = 60;

/** Somebody who calls all the while, with a key of its own. */
export type Caller = {
  /** The first part of each word that it says. */
  readonly who: string;
  readonly keyId: string;
  readonly key: string;
  /** Calls once more; what is left to chance in it comes from the number of the call. */
  readonly step: (count: number) => Promise<void>;
  /** What it was promised, asked for when all is quiet again; gives back what does not hold. */
  readonly check: () => Promise<readonly string[]>;
};

/** What a caller is made of. */
export type CallerDeps = { readonly bench: CallerBench; readonly send: Send };

/** Lets all of them call until it is told to end; resolves when the last answer is there. */
export function letCall(callers: readonly Caller[]): { readonly end: () => Promise<void> } {
  let isOver = false;
  const loops = callers.map(async ({ step }) => {
    for (let count = 1; !isOver; count++) {
      await step(count);
      await wait(paceMs);
    }
  });
  const all = Promise.all(loops);
  // A caller that throws is told of when all are ended.
  all.catch(() => undefined);
  return {
    async end() {
      isOver = true;
      await all;
    },
  };
}

/** Makes a key before anything is done to the gateway. */
export async function makeKey(
  { bench: { gateway }, send }: CallerDeps,
  limits?: object,
): Promise<{ readonly keyId: string; readonly key: string }> {
  const body = { role: 'caller', ...(limits && { limits }) };
  const made = await send('/security/keys', { key: gateway.key, method: 'POST', body });
  const { id, key } = JSON.parse(made.text) as { id: string; key: string };
  return { keyId: id, key };
}
