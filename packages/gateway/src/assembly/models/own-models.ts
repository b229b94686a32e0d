import { matchesGlob } from '../../policy/rules/glob.ts';
import type { PlainModel } from '../../protocol/task-prompts.ts';
import type { StartRunDeps } from '../../runs/start-run.ts';
import type { Parts } from '../agent-processes.ts';

type Served = Parameters<StartRunDeps['taskModel']>[0];

/** The model of an agent, and how its upstream is spoken to; null where its SDK has a default of its own. */
function modelOf({ manifest }: Served, { upstreams }: Pick<Parts, 'upstreams'>) {
  const { model, upstream } = manifest;
  const found = upstreams.current().upstreams.get(upstream.name);
  if (model.name === null || !found) return null;
  return { type: found.type, model: model.name, upstream: upstream.name, api: found.api };
}

/** Knows where the tokens of an input to an agent can be counted: the demo model counts none. */
export function createCountingModels(parts: Pick<Parts, 'upstreams'>) {
  return (agent: Served): PlainModel | null => {
    const found = modelOf(agent, parts);
    return found?.type === 'remote' ? found : null;
  };
}

/**
 * Knows whose prompts of chat clients are answered by the agent's model alone: what the operator says holds over what the
 * author does. Where the model is not known, since the SDK has a default of its own, the agent answers.
 */
export function createTaskRuns(
  parts: Pick<Parts, 'live' | 'upstreams' | 'runTask'>,
): Required<Pick<StartRunDeps, 'taskModel' | 'runTask'>> {
  const taskModel = (agent: Served): PlainModel | null => {
    const { agentId, manifest } = agent;
    const { taskPrompts } = parts.live.current();
    const asSet = taskPrompts.findLast(({ agents }) => matchesGlob(agents, agentId))?.isPlain;
    const isPlain = asSet ?? manifest.settings.taskPrompts === 'plain';
    return isPlain ? modelOf(agent, parts) : null;
  };
  return { taskModel, runTask: parts.runTask };
}
