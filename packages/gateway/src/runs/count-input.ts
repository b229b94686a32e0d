import { GatewayError } from '../errors.ts';
import type { Caller } from '../protocol/policy.ts';
import type { RunInput } from '../protocol/run.ts';
import type { PlainModel } from '../protocol/task-prompts.ts';
import type { ServedAgent } from './run.ts';
import { type AdmitDeps, admit } from './start-run.ts';

export type CountInputDeps = AdmitDeps & {
  /** The model of an agent; null where it is not known. */
  readonly modelOf: (agent: Pick<ServedAgent, 'agentId' | 'manifest'>) => PlainModel | null;
  /** @returns How many; null where the upstream cannot tell. Throws GatewayError for any other failure. */
  readonly count: (
    counted: {
      readonly agent: ServedAgent;
      readonly caller: Caller;
      readonly model: PlainModel;
      readonly input: RunInput;
    },
    signal: AbortSignal,
  ) => Promise<number | null>;
};

/**
 * Counts the tokens of an input as the upstream of an agent would: of what the caller sends alone, for what the agent adds
 * (instructions, tools, what its turns say) is known in its run only.
 *
 * @throws GatewayError as a run would be refused, `unsupported_value` where the upstream of the agent counts none.
 */
export type CountInput = (caller: Caller, input: RunInput, signal: AbortSignal) => Promise<number>;

export function createCountInput(deps: CountInputDeps): CountInput {
  return async (caller, input, signal) => {
    const { agent } = await admit(deps, { caller, input });
    const model = deps.modelOf(agent);
    const count =
      model?.api === 'responses' ? await deps.count({ agent, caller, model, input }, signal) : null;
    if (count !== null) return count;
    const message = `Nobody counts tokens for '${agent.agentId}': it names no model, or its upstream does not count them, which takes OpenAI's Responses API.`;
    throw new GatewayError('unsupported_value', message, { param: 'model' });
  };
}
