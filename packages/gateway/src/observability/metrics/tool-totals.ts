import type { EventOf, GatewayEvent } from '../../events.ts';
import type { ToolCounts } from '../../protocol/admin/tools-answer.ts';

export type ToolTotals = {
  readonly listener: (event: GatewayEvent) => void;
  /** What came of the calls of a gateway tool since the gateway started. */
  readonly of: (tool: string) => ToolCounts;
};

type ToolCall = EventOf<'tool_called'>;

type Totals = {
  calls: number;
  errors: number;
  denied: number;
  cacheAsked: number;
  cacheAnswered: number;
  /** Of the latest calls, in no order. */
  readonly durationsMs: number[];
  lastError: ToolCounts['last_error'];
};

/** The latest calls, whose durations are told. */
const KEPT_DURATIONS = 500;

/** Counts the calls of gateway tools: as many entries as there were tools. */
export function createToolTotals(nowIso: () => string, redact: (text: string) => string) {
  const tools = new Map<string, Totals>();
  const totalsOf = (tool: string) => {
    const known = tools.get(tool) ?? nothing();
    tools.set(tool, known);
    return known;
  };
  const totals: ToolTotals = {
    listener(event) {
      if (event.type !== 'tool_called' || event.provenance !== 'gateway') return;
      // Names that nothing stands behind come from modules, as many as they like.
      if (event.violation !== 'unknown') add(totalsOf(event.tool), event, { nowIso, redact });
    },
    of: (tool) => countsOf(tools.get(tool) ?? nothing()),
  };
  return totals;
}

function nothing(): Totals {
  return {
    calls: 0,
    errors: 0,
    denied: 0,
    cacheAsked: 0,
    cacheAnswered: 0,
    durationsMs: [],
    lastError: null,
  };
}

function add(
  totals: Totals,
  { outcome, error, durationMs, cache, agentId }: ToolCall,
  told: { readonly nowIso: () => string; readonly redact: (text: string) => string },
): void {
  totals.durationsMs[totals.calls % KEPT_DURATIONS] = durationMs;
  totals.calls += 1;
  if (outcome === 'denied') totals.denied += 1;
  if (cache !== null) totals.cacheAsked += 1;
  if (cache === 'hit' || cache === 'joined') totals.cacheAnswered += 1;
  if (outcome !== 'failed' && outcome !== 'timeout') return;
  totals.errors += 1;
  totals.lastError = {
    at: told.nowIso(),
    outcome,
    message: error === null ? null : told.redact(error),
    agent_id: agentId,
  };
}

function countsOf(totals: Totals): ToolCounts {
  const sorted = totals.durationsMs.toSorted((a, b) => a - b);
  const p95 = sorted[Math.ceil(sorted.length * 0.95) - 1] ?? null;
  const { cacheAsked, cacheAnswered } = totals;
  return {
    calls: totals.calls,
    errors: totals.errors,
    denied: totals.denied,
    p95_ms: p95 === null ? null : Math.round(p95 * 100) / 100,
    cache_hit_rate:
      cacheAsked === 0 ? null : Math.round((cacheAnswered / cacheAsked) * 1000) / 1000,
    last_error: totals.lastError,
  };
}
