import { setTimeout as wait } from 'node:timers/promises';
import { patienceMs } from '../support/hang-limit.ts';

/** Pauses grow with what was waited, to a tenth of it: asking takes time from what is waited for. */
const leastPauseMs = 20;

/**
 * Asks until there is an answer (anything but null, undefined or false) and gives it back.
 *
 * @param what - What is waited for, for the message when it never comes.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  const beganAtMs = performance.now();
  for (let waitedMs = 0; waitedMs < patienceMs; waitedMs = performance.now() - beganAtMs) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    await wait(Math.max(leastPauseMs, waitedMs / 10));
  }
  throw new Error(`Waited ${patienceMs} ms for ${what}.`);
}
