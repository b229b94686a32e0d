import type { EventOf, GatewayEvent } from '../../events.ts';
import type { UsageCounts, UsageReport } from '../../protocol/admin/usage-answer.ts';

export type UsageTotals = {
  readonly listener: (event: GatewayEvent) => void;
  readonly report: () => UsageReport;
};

type ModelCall = EventOf<'model_called'>;

const nothing: UsageCounts = {
  model_calls: 0,
  failed_calls: 0,
  aborted_calls: 0,
  input_tokens: 0,
  output_tokens: 0,
  cached_input_tokens: 0,
  reasoning_tokens: 0,
};

/** Sums model calls per agent, key and upstream; as many entries as there are agents, keys and upstreams. */
export function createUsageTotals(): UsageTotals {
  let totals = nothing;
  const agents = new Map<string, UsageCounts>();
  const keys = new Map<string, UsageCounts>();
  const upstreams = new Map<string, UsageCounts>();
  const count = (sums: Map<string, UsageCounts>, name: string, call: ModelCall) => {
    sums.set(name, plus(sums.get(name) ?? nothing, call));
  };
  return {
    listener(event) {
      if (event.type !== 'model_called') return;
      totals = plus(totals, event);
      count(agents, event.agentId, event);
      if (event.keyId !== null) count(keys, event.keyId, event);
      count(upstreams, event.upstream, event);
    },
    report: () => ({
      totals,
      by_agent: [...agents].map(([agent_id, counts]) => ({ agent_id, ...counts })),
      by_key: [...keys].map(([key_id, counts]) => ({ key_id, ...counts })),
      by_upstream: [...upstreams].map(([upstream, counts]) => ({ upstream, ...counts })),
    }),
  };
}

function plus(sum: UsageCounts, { outcome, usage }: ModelCall): UsageCounts {
  return {
    model_calls: sum.model_calls + 1,
    failed_calls: sum.failed_calls + (outcome === 'failed' ? 1 : 0),
    aborted_calls: sum.aborted_calls + (outcome === 'aborted' ? 1 : 0),
    input_tokens: sum.input_tokens + (usage?.inputTokens ?? 0),
    output_tokens: sum.output_tokens + (usage?.outputTokens ?? 0),
    cached_input_tokens: sum.cached_input_tokens + (usage?.cachedInputTokens ?? 0),
    reasoning_tokens: sum.reasoning_tokens + (usage?.reasoningTokens ?? 0),
  };
}
