import { processRuns } from '../run/outside-runs.ts';
import { fieldsOf, nameOf } from '../sdk.ts';

/** A tool as a model was told of it. */
type RecordedTool = {
  readonly name: string;
  readonly description: string;
  readonly parameters: object;
  readonly strict: boolean;
};

/**
 * The tools of an agent's MCP servers in a run that follows a record, none of which is asked: those that the model was told of
 * and that are none of the agent's own.
 */
export async function recordedServerTools(agent: unknown, runContext: unknown): Promise<unknown[]> {
  const scope = processRuns.current();
  const { mcpServers, tools } = fieldsOf(agent);
  const hasServers = Array.isArray(mcpServers) && mcpServers.length > 0;
  if (!hasServers || !scope?.request.replays) return [];
  const question = { ask: 'replay_tools', tool: nameOf(agent) } as const;
  const told = (await scope.request.ask(question)) as readonly RecordedTool[];
  const own = new Set([
    ...(Array.isArray(tools) ? tools.map(nameOf) : []),
    ...(await handoffNames(agent, runContext)),
  ]);
  return told.filter(({ name }) => !own.has(name)).map(standIn);
}

/** The names that a model calls the enabled handoffs of an agent by. */
export async function handoffNames(agent: unknown, runContext: unknown): Promise<string[]> {
  const { getEnabledHandoffs } = fieldsOf(agent);
  if (typeof getEnabledHandoffs !== 'function') return [];
  const handoffs: unknown = await getEnabledHandoffs.call(agent, runContext);
  if (!Array.isArray(handoffs)) return [];
  return handoffs.map((handoff) => String(fieldsOf(handoff).toolName));
}

/** What it gives is the record's to say. */
function standIn(tool: RecordedTool): object {
  return {
    ...tool,
    type: 'function',
    needsApproval: async () => false,
    isEnabled: async () => true,
    inputGuardrails: [],
    outputGuardrails: [],
    invoke: async () => {
      throw new Error('The record of the run has no such call.');
    },
  };
}
