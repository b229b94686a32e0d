import { setTimeout as wait } from 'node:timers/promises';

const pollMs = 20;
/** Far above what anything here takes: it ends a hang, it measures nothing. */
const deadlineMs = 30_000;

/**
 * Asks until there is an answer (anything but null, undefined or false) and gives it back.
 *
 * @param what - What is waited for, for the message when it never comes.
 */
export async function until<T>(
  what: string,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  const endsAtMs = performance.now() + deadlineMs;
  while (performance.now() < endsAtMs) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    await wait(pollMs);
  }
  throw new Error(`Waited ${deadlineMs} ms for ${what}.`);
}
