import { setTimeout as wait } from 'node:timers/promises';
import { patienceMs } from '../support/hang-limit.ts';

const pollMs = 20;

/**
 * Asks until there is an answer (anything but null, undefined or false) and gives it back.
 *
 * @param what - What is waited for, for the message when it never comes.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  const endsAtMs = performance.now() + patienceMs;
  while (performance.now() < endsAtMs) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    await wait(pollMs);
  }
  throw new Error(`Waited ${patienceMs} ms for ${what}.`);
}
