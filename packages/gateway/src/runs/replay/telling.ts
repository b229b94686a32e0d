import type { Emit, GatewayEvent } from '../../events.ts';
import { noUsage, type Usage } from '../../protocol/run.ts';
import type { FollowedRecord, RecordedModelCall } from './follow-record.ts';
import type { ReplayRequest } from './replay-request.ts';

/** Who is told what of a run that follows a record. */
export type Telling = {
  /** Notes a call of a model that the record answered. */
  readonly modelCalled: (call: RecordedModelCall) => void;
  /** Tells of the rest: nobody but the journal of what came from the record, which cost nothing. */
  readonly emitOf: (record: Pick<FollowedRecord, 'isGiven' | 'toolEnded'>) => Emit;
};

export function createTelling(
  { emit, note }: { readonly emit: Emit; readonly note: Emit },
  run: Pick<ReplayRequest, 'caller' | 'agent' | 'until'> & { readonly runId: string },
): Telling {
  const { runId, caller, agent, until } = run;
  const { agentId, modulePath, generation } = agent;
  const { keyId, requestId } = caller;
  let recorded = noUsage;
  return {
    modelCalled(call) {
      if (call.usage) recorded = sum(recorded, call.usage, 1);
      const about = { runId, agentId, modulePath, generation, keyId, requestId };
      note({ type: 'model_called', ...about, ...free, ...call });
    },
    emitOf(record) {
      const told = until === null ? note : emit;
      return (event: GatewayEvent) => {
        if (event.type === 'tool_called') {
          record.toolEnded(event.tool, event.callId ?? '');
          if (record.isGiven(event.callId ?? '')) note(event);
          else told(event);
        } else if (event.type === 'run_ended' && until !== null) {
          told({ ...event, usage: sum(event.usage, recorded, -1) });
        } else told(event);
      };
    },
  };
}

/** No upstream was asked. */
const free = { spanId: null, user: null, costNanoUsd: 0 } as const;

function sum(one: Usage, other: Usage, sign: 1 | -1): Usage {
  const of = (name: keyof Usage) => Math.max(0, one[name] + sign * other[name]);
  return {
    requests: of('requests'),
    inputTokens: of('inputTokens'),
    outputTokens: of('outputTokens'),
    cachedInputTokens: of('cachedInputTokens'),
    reasoningTokens: of('reasoningTokens'),
  };
}
