import { newRunId } from '../../protocol/journal/journal.ts';
import { type CountInput, createCountInput } from '../../runs/count-input.ts';
import type { AdmitDeps } from '../../runs/start-run.ts';
import type { Parts } from '../agent-processes.ts';
import { createCountingModels } from './own-models.ts';

/** Counts inputs at the upstreams of agents, booked on the caller's key as calls of the agents. */
export function countAt(
  parts: Pick<Parts, 'countTokens' | 'upstreams'>,
  admitting: AdmitDeps,
): CountInput {
  return createCountInput({
    ...admitting,
    modelOf: createCountingModels(parts),
    count({ agent, caller, model, input }, signal) {
      const { agentId, modulePath, generation } = agent;
      const { keyId, requestId } = caller;
      const about = { agentId, modulePath, generation, keyId, requestId };
      const callId = newRunId();
      return parts.countTokens({ ...about, callId, model, items: input.items }, signal);
    },
  });
}
