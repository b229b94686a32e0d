import { callIdOf, nameOf, type SdkRunner } from '../sdk.ts';
import { provenanceOf } from './guard-tools.ts';
import { runScope } from './run-scope.ts';
import type { ToolActivity } from './tool-activity.ts';

const watched = Symbol('dropgate.watched');

/** Listens, once per runner, to the hooks of tools and handoffs and tells the current run of them. */
export function watchRunner(runner: SdkRunner): void {
  if (typeof runner.on !== 'function' || watched in runner) return;
  Object.defineProperty(runner, watched, { value: true });
  listen(runner, 'agent_tool_start', (activity, [, agent, tool, details]) => {
    activity.started({
      callId: callIdOf(details, tool),
      tool: nameOf(tool),
      agent: nameOf(agent),
      provenance: provenanceOf(tool, agent),
    });
  });
  listen(runner, 'agent_tool_end', (activity, [, , tool, output, details]) => {
    activity.ended(callIdOf(details, tool), output);
  });
  listen(runner, 'agent_handoff', (activity, [, fromAgent, toAgent]) => {
    activity.handedOff(nameOf(fromAgent), nameOf(toAgent));
  });
}

function listen(
  runner: SdkRunner,
  event: string,
  tell: (activity: ToolActivity, args: readonly unknown[]) => void,
): void {
  runner.on?.(event, (...args) => {
    const scope = runScope.getStore();
    if (!scope) return;
    try {
      tell(scope.activity, args);
    } catch {
      // A listener that throws fails the run with a ToolCallError: a lost event is the lesser harm.
    }
  });
}
