import type { HttpServer } from '../../http/server.ts';
import { createOpenRecording } from '../../observability/journal/open-recording.ts';
import { principalOf } from '../../policy/authorize.ts';
import { createTakeSlot } from '../../policy/limits/limit-checks.ts';
import type { Caller } from '../../protocol/policy.ts';
import { createPlayTest } from '../../runs/replay/play-test.ts';
import { createReplayRun } from '../../runs/replay/replay-run.ts';
import { createRunAgain, type RunAgain } from '../../runs/replay/run-again.ts';
import { createPlayWritten } from '../../runs/written/play-written.ts';
import type { Parts } from '../agent-processes.ts';
import type { Domain } from '../domain.ts';
import { loadedTo, replayDeps } from './replay-deps.ts';
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
