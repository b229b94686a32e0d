import { GatewayError } from '../../errors.ts';
import type { ForkReport, ReplayReport } from '../../protocol/admin/replay-answer.ts';
import type { RunTest } from '../../protocol/admin/run-test.ts';
import type { RunRecord } from '../../protocol/journal/journal.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { ModuleLoad } from '../../protocol/records.ts';
import type { ServedAgent } from '../run.ts';
import type { Until } from './live-from.ts';
import type { Recording } from './recording.ts';
import type { Replayed, ReplayRun } from './replay-run.ts';
import { toRunTest } from './run-test.ts';

/** Of which files a run is run again. */
export type AgainGeneration = 'recorded' | 'current';

export type RunAgainDeps = {
  readonly find: (runId: string) => Promise<RunRecord | null>;
  /** Null where what it held is not kept. */
  readonly open: (run: RunRecord) => Promise<Recording | null>;
  /** Whether a viewer may know of runs of an agent; without a record of it. */
  readonly mayRead: (viewer: Caller, agentId: string) => boolean;
  /** The same of what they held, and of running the agent, each recorded as a decision. */
  readonly mayReadContents: (viewer: Caller, agentId: string) => boolean;
  readonly mayRun: (viewer: Caller, run: RunRecord) => boolean;
  /** @throws GatewayError `generation_gone`, `agent_unavailable`, `not_allowed`. */
  readonly agentOf: (
    recording: Recording,
    wanted: { readonly generation: AgainGeneration; readonly replay: ModuleLoad['replay'] },
  ) => Promise<ServedAgent>;
  readonly replayRun: ReplayRun;
  /**
   * What a run that goes on live takes of its key.
   *
   * @throws GatewayError `rate_limited`, `quota_exhausted`, `store_unavailable`.
   */
  readonly enterLive: (caller: Caller) => Promise<() => void>;
};

/** Running again what runs did. All throw `GatewayError`. */
export type RunAgain = {
  readonly replay: (
    caller: Caller,
    runId: string,
    wanted: { readonly generation: AgainGeneration; readonly signal: AbortSignal },
  ) => Promise<ReplayReport>;
  readonly fork: (
    caller: Caller,
    runId: string,
    wanted: {
      readonly fromStep: number;
      readonly edit: string | null;
      readonly signal: AbortSignal;
    },
  ) => Promise<ForkReport>;
  readonly test: (caller: Caller, runId: string) => Promise<RunTest>;
};

/** Each takes a process of its own, and holds what it reads. */
const MAX_AT_ONCE = 4;

export function createRunAgain(deps: RunAgainDeps): RunAgain {
  let running = 0;
  const oneOfFew = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (running >= MAX_AT_ONCE) throw tooMany();
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
    }
  };
  return {
    replay: (caller, runId, { generation, signal }) =>
      oneOfFew(async () => {
        const recording = await openFor(deps, caller, { runId, runs: true });
        const agent = await deps.agentOf(recording, { generation, replay: 'closed' });
        const came = await deps.replayRun({ caller, recording, agent, until: null, signal });
        const result = came.difference ? 'differs' : 'same';
        return { result, ...reported(recording, agent, came) } as const;
      }),
    fork: (caller, runId, { fromStep, edit, signal }) =>
      oneOfFew(async () => {
        const recording = await openFor(deps, caller, { runId, runs: true });
        const until = { step: fromStep, edit };
        checkStep(recording, until);
        const agent = await deps.agentOf(recording, { generation: 'recorded', replay: 'open' });
        const leave = await deps.enterLive(caller);
        try {
          const came = await deps.replayRun({ caller, recording, agent, until, signal });
          return { from_step: fromStep, ...reported(recording, agent, came) };
        } finally {
          leave();
        }
      }),
    test: async (caller, runId) => toRunTest(await openFor(deps, caller, { runId, runs: false })),
  };
}

async function openFor(
  deps: RunAgainDeps,
  caller: Caller,
  { runId, runs }: { readonly runId: string; readonly runs: boolean },
): Promise<Recording> {
  const run = await deps.find(runId);
  if (!run || !deps.mayRead(caller, run.agentId)) throw notFound(runId);
  if (run.outcome === 'running') {
    throw new GatewayError('invalid_request', `The run ${run.id} goes on still.`);
  }
  const { agentId } = run;
  if (run.resumes !== null) throw resumed(run.resumes);
  if (run.recorded !== 'contents') throw notRecorded(run);
  if (!deps.mayReadContents(caller, agentId)) throw notAllowed(`read what runs of ${agentId} held`);
  if (runs && !deps.mayRun(caller, run)) throw notAllowed(`run ${agentId}`);
  const recording = await deps.open(run);
  if (!recording) throw notRecorded(run);
  return recording;
}

function checkStep({ steps, run }: Recording, until: NonNullable<Until>): void {
  const step = steps.find(({ step: number }) => number === until.step);
  if (!step) {
    const last = steps.at(-1)?.step ?? 0;
    const message = `The run ${run.id} has no step ${until.step}: its last is ${last}.`;
    throw new GatewayError('invalid_value', message, { param: 'from_step' });
  }
  if (until.edit === null || step.kind === 'model_call' || step.kind === 'tool_call') return;
  const message = `Step ${step.step} is no call of a model or a tool (${step.kind}): nothing of it can be edited.`;
  throw new GatewayError('invalid_value', message, { param: 'edit' });
}

function reported({ run }: Recording, { agentId, generation }: ServedAgent, came: Replayed) {
  const { runId, ...rest } = came;
  return { run: runId, replay_of: run.id, agent: agentId, generation, ...rest };
}

/** The record begins in the middle, with a state that nobody has any more. */
function resumed(runId: string): GatewayError {
  return new GatewayError(
    'unsupported_value',
    `This run goes on with ${runId} after approvals, and such a run cannot be run again yet. Run ${runId} again instead.`,
  );
}

function notFound(runId: string): GatewayError {
  const message = `There is no run ${runId.slice(0, 64)} in the journal.`;
  return new GatewayError('record_not_found', message);
}

function notAllowed(what: string): GatewayError {
  return new GatewayError('not_allowed', `This key may not ${what}: no rule allows it.`);
}

function notRecorded({ id }: RunRecord): GatewayError {
  return new GatewayError(
    'not_recorded',
    `What the run ${id} was asked and answered is not recorded. Set runs.record to contents in gateway.yaml; runs that begin after that can be run again.`,
  );
}

function tooMany(): GatewayError {
  const message = `${MAX_AT_ONCE} runs are run again already. Try again when one of them is over.`;
  return new GatewayError('overloaded', message, { retryAfterSeconds: 5 });
}
