import { testsFolder } from '../../cases/case-files.ts';
import { judgeCases } from '../../cases/judge-cases.ts';
import type { Config } from '../../config/config.ts';
import { matchesGlob } from '../../policy/rules/glob.ts';
import { isToolModuleId } from '../../protocol/module.ts';
import type { Gate } from '../../registry/swap-generation.ts';
import { createPlayTest } from '../../runs/replay/play-test.ts';
import { createReplayRun } from '../../runs/replay/replay-run.ts';
import { createPlayWritten } from '../../runs/written/play-written.ts';
import type { Parts } from '../agent-processes.ts';
import { loadedTo, replayDeps } from './replay-deps.ts';

/** How long all cases of a version may take together. */
const CASES_WITHIN_MS = 60_000;

/** Plays the cases of agents whose settings ask for it; null for a gateway that serves nobody. */
export function createGate(parts: Parts): Gate | null {
  const { config, purpose, live } = parts;
  if (purpose !== 'serve') return null;
  return async (module, served, signal) => {
    const { agentId, modulePath } = module;
    if (isToolModuleId(agentId) || !isGated(live.current().testGates, agentId)) return null;
    const { projectRoot } = config;
    return judgeCases({
      agent: { id: agentId, module_path: modulePath },
      projectRoot,
      folder: testsFolder(projectRoot, modulePath),
      plays: playsOf(parts, { module, served }),
      withinMs: CASES_WITHIN_MS,
      signal: AbortSignal.any([signal, parts.lifetime.signal]),
    });
  };
}

/** Whether settings have an agent's own cases decide about its new versions; the last one that fits says. */
export function isGated(gates: Config['testGates'], agentId: string): boolean {
  return gates.findLast(({ agents }) => matchesGlob(agents, agentId))?.isGate ?? false;
}

function playsOf(parts: Parts, found: Parameters<typeof loadedTo>[0]) {
  const runDefaults = () => {
    const { worker, toolEvents } = parts.live.current();
    return { runTimeoutMs: worker.runTimeoutMs, toolEvents };
  };
  // Nobody asked for these runs, so no journal has them.
  const deps = replayDeps(parts, { runDefaults, recorded: () => null }, () => undefined);
  return {
    playTest: createPlayTest({
      replayRun: createReplayRun(deps),
      agentOf: async () => loadedTo(found, 'closed'),
    }),
    playWritten: createPlayWritten({
      ...deps,
      listen: parts.listen,
      agentOf: async () => loadedTo(found, 'open'),
    }),
  };
}
