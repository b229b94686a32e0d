/** Of what an upstream asks for: a longer limit is looked at again. */
const LONGEST_MS = 60_000;

/** Names of models come from agents. */
const MAX_MODELS = 100;

/** Which models an upstream has too many calls of just now, and until when. */
export type RateLimits = {
  readonly note: (model: string | null, retryAfterMs: number) => void;
  /** 0 where there is none. */
  readonly leftMs: (model: string | null) => number;
  /** Those that hold. */
  readonly list: () => readonly { readonly model: string; readonly leftMs: number }[];
};

/**
 * Remembers what an upstream said with 429 and `retry-after`.
 *
 * @param steadyMs - Milliseconds of a clock that only goes forward.
 */
export function createRateLimits(steadyMs: () => number): RateLimits {
  const limits = new Map<string, number>();
  return {
    note(model, retryAfterMs) {
      if (model === null || retryAfterMs <= 0) return;
      limits.delete(model);
      const [oldest] = limits.keys();
      if (limits.size >= MAX_MODELS && oldest !== undefined) limits.delete(oldest);
      limits.set(model, steadyMs() + Math.min(retryAfterMs, LONGEST_MS));
    },
    leftMs(model) {
      const untilMs = model === null ? undefined : limits.get(model);
      return untilMs === undefined ? 0 : Math.max(0, untilMs - steadyMs());
    },
    list: () =>
      [...limits]
        .map(([model, untilMs]) => ({ model, leftMs: untilMs - steadyMs() }))
        .filter(({ leftMs }) => leftMs > 0),
  };
}
