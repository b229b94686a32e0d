import { matchesGlob } from '../../policy/rules/glob.ts';
import type { TaskModel } from '../../protocol/task-prompts.ts';
import type { StartRunDeps } from '../../runs/start-run.ts';
import type { Parts } from '../agent-processes.ts';

/**
 * Knows whose prompts of chat clients are answered by the agent's model alone: what the operator says holds over what the
 * author does. Where the model is not known, since the SDK has a default of its own, the agent answers.
 */
export function createTaskModelOf({
  live,
  upstreams,
}: Pick<Parts, 'live' | 'upstreams'>): StartRunDeps['taskModel'] {
  return ({ agentId, manifest }): TaskModel | null => {
    const { settings, model, upstream } = manifest;
    const asSet = live
      .current()
      .taskPrompts.findLast(({ agents }) => matchesGlob(agents, agentId))?.isPlain;
    if (!(asSet ?? settings.taskPrompts === 'plain')) return null;
    const api = upstreams.current().upstreams.get(upstream.name)?.api;
    return model.name === null || api === undefined
      ? null
      : { model: model.name, upstream: upstream.name, api };
  };
}
