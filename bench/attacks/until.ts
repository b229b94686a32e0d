import { setTimeout as wait } from 'node:timers/promises';

/** Long enough for what only waits for a busy machine. */
export const patienceMs = 60_000;

const intervalMs = 50;

/** Waits for a state: the first answer that is something, or null where none comes in time. An attempt that throws is none. */
export async function until<Answer>(
  look: () => Promise<Answer | null | false> | Answer | null | false,
): Promise<Answer | null> {
  const deadline = performance.now() + patienceMs;
  while (performance.now() < deadline) {
    const answer = await Promise.resolve()
      .then(look)
      .catch(() => null);
    if (answer !== null && answer !== false) return answer;
    await wait(intervalMs);
  }
  return null;
}
