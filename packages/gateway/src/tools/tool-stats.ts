import type { GatewayToolResult } from '../protocol/gateway-tools.ts';

/** What became of the calls of one tool since the gateway started. */
export type ToolCounts = {
  readonly calls: number;
  readonly errors: number;
  /** Of the last calls, in milliseconds; null before the first. */
  readonly p95Ms: number | null;
  /** Of the calls that asked the cache; null where none did. */
  readonly cacheHitRate: number | null;
  readonly lastError: { readonly message: string; readonly at: string } | null;
};

export type ToolStats = {
  readonly add: (result: GatewayToolResult) => void;
  readonly counts: () => ToolCounts;
};

/** Durations that are remembered. */
const REMEMBERED = 500;

export function createToolStats(): ToolStats {
  const durations: number[] = [];
  let calls = 0;
  let errors = 0;
  let cached = 0;
  let asked = 0;
  let lastError: ToolCounts['lastError'] = null;
  return {
    add({ outcome, durationMs, cache, error, text }) {
      durations[calls % REMEMBERED] = durationMs;
      calls += 1;
      if (cache) asked += 1;
      if (cache === 'hit' || cache === 'joined') cached += 1;
      if (outcome !== 'failed' && outcome !== 'timeout') return;
      errors += 1;
      lastError = { message: error ?? text, at: new Date().toISOString() };
    },
    counts() {
      const sorted = durations.toSorted((a, b) => a - b);
      return {
        calls,
        errors,
        p95Ms: sorted[Math.ceil(sorted.length * 0.95) - 1] ?? null,
        cacheHitRate: asked === 0 ? null : cached / asked,
        lastError,
      };
    },
  };
}
