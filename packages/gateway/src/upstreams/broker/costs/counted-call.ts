import type { Outcome } from '../../relay/outcome.ts';
import type { LiveCall } from '../grants.ts';
import type { PricedCall } from './budgeted-call.ts';
import { estimateOther } from './estimate-other.ts';
import { estimateInput, fieldsOf } from './estimate-tokens.ts';

/** Thousand-millionths of a US dollar; null where nobody knows a price. */
type CallSize = { readonly tokens: number; readonly costNanoUsd: number | null };

/** What runs may still use. */
export type LimitedRuns = {
  /** Counts the model calls of a live run; null for a run that is none. */
  readonly of: (runId: string) => {
    /** Whether what a call may take has to be told before it is made. */
    readonly needs: { readonly tokens: boolean; readonly cost: boolean };
    /** Throws a GatewayError where the run may use no more; what it gives is told what the call took in fact. */
    readonly beginCall: (least: CallSize, kind: 'model_call' | 'other') => (took: CallSize) => void;
  } | null;
  /** Whether model calls of any live run of an agent are limited. */
  readonly limitsModelCallsOf: (agentId: string) => boolean;
  /** Whether those of any run of it were. */
  readonly hasLimited: (agentId: string) => boolean;
};

/** What only stores or reads something takes nothing. */
function isWorkedOn(exchange: PricedCall['exchange']): boolean {
  return exchange.api !== null || estimateOther(exchange, null) !== null;
}

const nothing: CallSize = { tokens: 0, costNanoUsd: 0 };

/**
 * Counts a call by the limits of its run. Null where it is of none; what is given is to be called with what came of it, null
 * where nothing was sent. Only the first time counts.
 *
 * @throws GatewayError `run_limit_exceeded`, `price_unknown`.
 */
export function beginCounted(
  runs: LimitedRuns,
  { runId }: Pick<LiveCall, 'runId'>,
  { exchange, costAt, costAnywhere }: PricedCall,
): ((outcome: Outcome | null) => void) | null {
  const meter = runId === null || exchange.method !== 'POST' ? null : runs.of(runId);
  if (!meter || !isWorkedOn(exchange)) return null;
  const isMeasured = meter.needs.tokens || meter.needs.cost;
  const input = isMeasured ? estimateInput(exchange.body, fieldsOf(exchange.body)) : 0;
  const sizeOf = (upstream: string, inputTokens: number, outputTokens: number): CallSize => ({
    tokens: inputTokens + outputTokens,
    costNanoUsd: costAt(upstream, { inputTokens, outputTokens, cachedInputTokens: 0 }),
  });
  const sent = { inputTokens: input, outputTokens: 0, cachedInputTokens: 0 };
  const least = { tokens: input, costNanoUsd: meter.needs.cost ? costAnywhere(sent) : 0 };
  const tell = meter.beginCall(least, exchange.api === null ? 'other' : 'model_call');
  let isTold = false;
  return (outcome) => {
    if (isTold) return;
    isTold = true;
    if (outcome === null) tell(nothing);
    else if (outcome.usage) {
      const { inputTokens, outputTokens } = outcome.usage;
      const tokens = inputTokens + outputTokens;
      tell({ tokens, costNanoUsd: costAt(outcome.upstream, outcome.usage) });
    } else if (outcome.outcome === 'failed' && outcome.outputEstimate === 0) tell(nothing);
    else tell(sizeOf(outcome.upstream, input, outcome.outputEstimate));
  };
}
