import { GatewayError } from '../../errors.ts';
import type { Emit } from '../../events.ts';
import { noRunLimits } from '../../policy/limits/run-limits.ts';
import type { Difference } from '../../protocol/admin/replay-answer.ts';
import type { RunOutcome } from '../../protocol/journal/journal.ts';
import { newRunId } from '../../protocol/journal/journal.ts';
import { isLastEvent, type LastEvent } from '../../protocol/run.ts';
import { createRunEnding } from '../../protocol/run-ending.ts';
import { eventsOf } from '../../protocol/run-sink.ts';
import { type BeginRunDeps, beginRun } from '../begin-run.ts';
import { outcomeOf } from '../observe-run.ts';
import type { Run } from '../run.ts';
import type { StartRunDeps } from '../start-run.ts';
import { whyEnded } from '../why-ended.ts';
import { type FollowedRecord, followRecord } from './follow-record.ts';
import { createLiveFrom } from './live-from.ts';
import type { LiveReplays } from './live-replays.ts';
import type { Recording } from './recording.ts';
import type { ReplayRequest } from './replay-request.ts';
import { createReplayTools, type ReplayToolsDeps, replayUser } from './replay-tools.ts';
import { createTelling } from './telling.ts';

export type ReplayRunDeps = Omit<BeginRunDeps, 'emit'> &
  ReplayToolsDeps & {
    readonly enterReplay: LiveReplays['enter'];
    /** To everybody who listens. */
    readonly emit: Emit;
    /** To the journal alone: what a record answered is nothing that happened. */
    readonly note: Emit;
    /** Takes secrets out of what an agent says, as they are taken out of records. */
    readonly hide: (agentId: string) => (text: string) => string;
    /** Limits of what goes on live. */
    readonly runLimits: StartRunDeps['runLimits'];
    /** Aborted when the gateway stops. */
    readonly stopping: AbortSignal;
  };

/** What came of a run that followed a record. */
export type Replayed = {
  readonly runId: string;
  readonly outcome: RunOutcome;
  readonly code: string | null;
  readonly text: string;
  /** What the run did otherwise than the record; of one that was to leave it, only what came before. */
  readonly difference: Difference | null;
};

/** Runs again what a run did, with the answers that its record has. Rejects where the request was aborted. */
export type ReplayRun = (request: ReplayRequest) => Promise<Replayed>;

export function createReplayRun(deps: ReplayRunDeps): ReplayRun {
  return async (request) => {
    const { recording, agent, signal } = request;
    const isLive = await createLiveFrom(recording, request.until);
    const runId = newRunId();
    // The secrets of a module are known from its load on.
    const hide = (text: string) => deps.hide(agent.agentId)(text);
    const telling = createTelling(deps, { ...request, runId });
    const abort = new AbortController();
    let different: Difference | null = null;
    const record = followRecord({
      ...request,
      isLive,
      hide,
      onModelCalled: telling.modelCalled,
      // Whoever asked is answered first.
      onLimit: (failure) => void setImmediate(() => abort.abort(failure)),
      onDiffers(difference) {
        different ??= difference;
        abort.abort(new GatewayError('run_cancelled', difference.message));
      },
    });
    const run = begin(deps, request, { runId, record, abort, emit: telling.emitOf(record) });
    const { text: said, last } = await readWhole(run);
    signal.throwIfAborted();
    if (different === null && deps.stopping.aborted && last.type !== 'finished') throw stopped();
    const text = hide(said);
    const isWhole = request.until === null && different === null;
    const difference = isWhole
      ? await differenceAtEnd(recording, record, { last, text })
      : different;
    return { runId, ...endOf(last), text, difference };
  };
}

/** Nothing can be said of the agent then. */
function stopped(): GatewayError {
  return new GatewayError(
    'overloaded',
    'The gateway stops, and the run that was run again with it. Ask again when it is back.',
  );
}

function endOf(last: LastEvent) {
  return { outcome: outcomeOf(last), code: last.type === 'failed' ? last.code : null };
}

type Begun = {
  readonly runId: string;
  readonly record: FollowedRecord;
  readonly abort: AbortController;
  readonly emit: Emit;
};

function begin(
  deps: ReplayRunDeps,
  request: ReplayRequest,
  { runId, record, abort, emit }: Begun,
): Run {
  const { recording, agent, caller, signal } = request;
  const ending = createRunEnding();
  const stops = AbortSignal.any([signal, deps.stopping]);
  const stop = () => abort.abort(new GatewayError('run_cancelled', 'The replay was stopped.'));
  if (stops.aborted) stop();
  else stops.addEventListener('abort', stop, { once: true });
  ending.onEnd(() => stops.removeEventListener('abort', stop));
  ending.onEnd(deps.enterReplay(runId, record.answerModel));
  const { input, context } = recording.asked;
  const user = replayUser(request);
  return beginRun(
    { ...deps, emit },
    {
      runId,
      waitedMs: 0,
      caller,
      input,
      agent,
      ignored: [],
      tools: createReplayTools(deps, { ...request, user, runId, record }),
      user,
      ending,
      abort,
      limits: request.until === null ? noRunLimits : deps.runLimits({ agent, caller }),
      replay: { of: recording.run.id, context },
    },
  );
}

async function readWhole(run: Run): Promise<{ text: string; last: LastEvent }> {
  const texts: string[] = [];
  for await (const event of eventsOf(run)) {
    if (event.type === 'text') texts.push(event.delta);
    if (isLastEvent(event)) return { text: texts.join(''), last: event };
  }
  throw new Error('The run ended without a last event.');
}

/** What was asked was as in the record: what came of it may differ still. */
async function differenceAtEnd(
  recording: Recording,
  record: Pick<FollowedRecord, 'left'>,
  came: { readonly last: LastEvent; readonly text: string },
): Promise<Difference | null> {
  const left = record.left();
  const { outcome, code } = recording.run;
  const recorded = { outcome, code };
  const replayed = endOf(came.last);
  if (replayed.outcome !== outcome || replayed.code !== code) {
    const why = whyEnded(came.last);
    const message = `The run ended as ${replayed.outcome}, in the record as ${outcome}.${why}`;
    const changes = [{ path: '', recorded, replayed }];
    return { step: left?.step ?? null, kind: 'outcome', message, changes };
  }
  if (left) return left;
  const said = recording.steps.filter(({ kind }) => kind === 'text');
  const texts: string[] = [];
  for (const { step } of said) texts.push((await recording.contentsOf(step)).text ?? '');
  const text = texts.join('');
  if (text === came.text) return null;
  const step = said[0]?.step ?? null;
  const message = 'The answer is another than in the record.';
  return {
    step,
    kind: 'answer',
    message,
    changes: [{ path: '', recorded: text, replayed: came.text }],
  };
}
