import type { EventOf, GatewayEvent } from '../events.ts';
import type { RunInfo } from '../protocol/admin/runs-answer.ts';

export type RecentRuns = {
  readonly listener: (event: GatewayEvent) => void;
  /** Newest first; those that still run have the outcome `running`. */
  readonly list: () => readonly RunInfo[];
};

const keptLimit = 200;

/** The last runs since the gateway started. */
export function createRecentRuns(nowIso: () => string): RecentRuns {
  const runs = new Map<string, RunInfo>();
  return {
    listener(event) {
      if (event.type === 'run_started') {
        runs.set(event.runId, begun(event, nowIso()));
        const [oldest] = runs.keys();
        if (runs.size > keptLimit && oldest !== undefined) runs.delete(oldest);
      } else if (event.type === 'run_ended') {
        const run = runs.get(event.runId);
        if (run) runs.set(event.runId, ended(run, event));
      }
    },
    list: () => [...runs.values()].reverse(),
  };
}

function begun(event: EventOf<'run_started'>, now: string): RunInfo {
  return {
    id: event.runId,
    request_id: event.requestId,
    key_id: event.keyId,
    agent_id: event.agentId,
    generation: event.generation,
    started_at: now,
    outcome: 'running',
    code: null,
    duration_ms: null,
    usage: null,
  };
}

function ended(run: RunInfo, event: EventOf<'run_ended'>): RunInfo {
  const { requests, inputTokens, outputTokens } = event.usage;
  return {
    ...run,
    outcome: event.outcome,
    code: event.code,
    duration_ms: Math.round(event.durationMs * 10) / 10,
    usage: { requests, input_tokens: inputTokens, output_tokens: outputTokens },
  };
}
