import type { HttpServer } from '../../http/server.ts';
import { createOpenRecording } from '../../observability/journal/open-recording.ts';
import { principalOf } from '../../policy/authorize.ts';
import { createTakeSlot } from '../../policy/limits/limit-checks.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { ModuleLoad } from '../../protocol/records.ts';
import type { FoundGeneration } from '../../registry/kept/find-again.ts';
import type { ServedAgent } from '../../runs/begin-run.ts';
import { createPlayTest } from '../../runs/replay/play-test.ts';
import { createReplayRun, type ReplayRunDeps } from '../../runs/replay/replay-run.ts';
import { createRunAgain, type RunAgain } from '../../runs/replay/run-again.ts';
import { createRunTools } from '../../runs/run-tools.ts';
import { createPlayWritten } from '../../runs/written/play-written.ts';
import type { Parts } from '../agent-processes.ts';
import type { Domain } from '../domain.ts';
import { createRunLimits } from '../run-limits.ts';
import { createTrial } from './trial.ts';

/** Tries agents and runs them as they serve by cases, joined with what that needs. */
export function createTestPlays(parts: Parts, domain: Domain, server: HttpServer) {
  const current = (agentId: string) => domain.findAgain(agentId, { type: 'current' });
  const deps = replayDeps(parts, domain);
  return {
    trial: createTrial(parts, domain, server),
    playTest: createPlayTest({
      replayRun: createReplayRun(deps),
      agentOf: async (agentId) => loadedTo(await current(agentId), 'closed'),
    }),
    playWritten: createPlayWritten({
      ...deps,
      listen: parts.listen,
      agentOf: async (agentId) => loadedTo(await current(agentId), 'open'),
    }),
  };
}

/** Runs again what the journal has, joined with what that needs. */
export function createReplays(parts: Parts, domain: Domain): RunAgain {
  const { observers } = parts;
  const { journal } = parts.kept;
  const readRuns = (viewer: Caller, agentId: string) =>
    ({ principal: principalOf(viewer), action: 'read_runs', resource: agentId }) as const;
  return createRunAgain({
    ...createOpenRecording({ store: journal, flush: observers.journal.flush }),
    mayRead: (viewer, agentId) => domain.allows(readRuns(viewer, agentId)),
    mayReadContents: (viewer, agentId) =>
      domain.authorize(readRuns(viewer, agentId), viewer.requestId).answer === 'allow',
    mayRun(viewer, { agentId, modulePath }) {
      const about = { action: 'run_agent', resource: agentId, modulePath } as const;
      const question = { principal: principalOf(viewer), ...about, context: { agent_id: agentId } };
      return domain.authorize(question, viewer.requestId).answer === 'allow';
    },
    async agentOf({ run, asked }, { generation, replay = 'closed' }) {
      const found = await domain.findAgain(
        run.agentId,
        generation === 'current'
          ? { type: 'current' }
          : { type: 'recorded', filesHash: asked.filesHash, generation: run.generation },
      );
      return loadedTo(found, replay);
    },
    replayRun: createReplayRun(replayDeps(parts, domain)),
    enterLive: createEnterLive(parts),
  });
}

/** A generation in a process of its own, which may reach outside or not. */
function loadedTo(
  { module, served }: FoundGeneration,
  replay: NonNullable<ModuleLoad['replay']>,
): ServedAgent {
  const { agentId, modulePath } = module;
  return { ...served, agentId, modulePath, load: { ...served.load, replay } };
}

function replayDeps(parts: Parts, domain: Domain): ReplayRunDeps {
  const { live, policy, observers, pool, nowSeconds, emit } = parts;
  const note = observers.journal.listener;
  const tools = {
    rules: policy.current,
    nowSeconds,
    onChange: policy.onChange,
    callTool: parts.callTool,
    unknownHostedTools: () => live.current().security.unknownHostedTools,
  };
  return {
    run: pool.run,
    defaults: domain.runDefaults,
    recorded: domain.recorded,
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

/** What goes on live counts among the runs of its key, and within its budget. */
function createEnterLive(parts: Parts): (caller: Caller) => Promise<() => void> {
  const takeSlot = createTakeSlot(parts);
  return async ({ keyId }) => {
    const leave = takeSlot(keyId);
    try {
      await parts.budgets.check(keyId);
      return leave;
    } catch (error) {
      leave();
      throw error;
    }
  };
}
