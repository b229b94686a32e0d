import type { Emit } from '../../events.ts';
import type { ModuleLoad } from '../../protocol/records.ts';
import type { FoundGeneration } from '../../registry/kept/find-again.ts';
import type { ReplayRunDeps } from '../../runs/replay/replay-run.ts';
import type { ServedAgent } from '../../runs/run.ts';
import { createRunTools } from '../../runs/run-tools.ts';
import type { Parts } from '../agent-processes.ts';
import { createRunLimits } from '../run-limits.ts';

/** A generation in a process of its own, which may reach outside or not. */
export function loadedTo(
  { module, served }: FoundGeneration,
  replay: NonNullable<ModuleLoad['replay']>,
): ServedAgent {
  const { agentId, modulePath } = module;
  return { ...served, agentId, modulePath, load: { ...served.load, replay } };
}

/** @param note - Told of what runs do that follow a record. */
export function replayDeps(
  parts: Parts,
  {
    runDefaults,
    recorded,
  }: { readonly runDefaults: ReplayRunDeps['defaults'] } & Pick<
    Required<ReplayRunDeps>,
    'recorded'
  >,
  note: Emit = parts.observers.journal.listener,
): ReplayRunDeps {
  const { live, policy, pool, nowSeconds, emit } = parts;
  const tools = {
    rules: policy.current,
    nowSeconds,
    onChange: policy.onChange,
    callTool: parts.callTool,
    unknownHostedTools: () => live.current().security.unknownHostedTools,
  };
  return {
    run: pool.run,
    defaults: runDefaults,
    recorded,
    enterHosted: parts.hostedRuns.enter,
    enterReplay: parts.replays.enter,
    enterMeter: parts.runMeters.enter,
    runLimits: createRunLimits(parts),
    toolsOf: {
      told: createRunTools({ ...tools, emit }),
      noted: createRunTools({ ...tools, emit: note }),
    },
    emit,
    note,
    hide: parts.secrets.textOf,
    stopping: parts.lifetime.signal,
  };
}
