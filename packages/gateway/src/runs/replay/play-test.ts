import type { PlayedTest, RunTest } from '../../protocol/admin/run-test.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { ServedAgent } from '../run.ts';
import { nameOfStep } from './recording.ts';
import type { ReplayRun } from './replay-run.ts';
import { testRecording } from './test-recording.ts';

export type PlayTestDeps = {
  /**
   * The agent as it serves, to be loaded where nothing outside is reached.
   *
   * @throws GatewayError `agent_unavailable`, `generation_gone`, `not_allowed`.
   */
  readonly agentOf: (agentId: string) => Promise<ServedAgent>;
  readonly replayRun: ReplayRun;
};

/** Runs an agent by a case. Throws `GatewayError`, and where the signal is aborted, its reason. */
export type PlayTest = (agentId: string, test: RunTest, signal: AbortSignal) => Promise<PlayedTest>;

export function createPlayTest({ agentOf, replayRun }: PlayTestDeps): PlayTest {
  return async (agentId, test, signal) => {
    const agent = await agentOf(agentId);
    const recording = testRecording(test, agent);
    const caller = callerOf(test);
    const came = await replayRun({ caller, recording, agent, until: null, signal });
    const { outcome, code, text, difference } = came;
    if (!difference) return { outcome, code, text, difference };
    const { step, ...told } = difference;
    const place = step === null ? endOf(told.kind) : nameOfStep(recording, step);
    return { outcome, code, text, difference: { ...told, place } };
  };
}

function endOf(kind: string): string | null {
  return kind === 'outcome' || kind === 'answer' ? 'expected' : null;
}

/** A case does not say what its key was let do: that stops nothing, since what it did is there already. */
function callerOf({ context }: RunTest): Caller {
  const { id: keyId, name: keyName } = context.key;
  const reach = { role: 'admin', namespaces: null, agents: null } as const;
  return { keyId, keyName, ...reach, requestId: context.request_id };
}
