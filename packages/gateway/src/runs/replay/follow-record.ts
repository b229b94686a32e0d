import { type FailureCode, failures, GatewayError } from '../../errors.ts';
import type { EventOf } from '../../events.ts';
import type { Difference } from '../../protocol/admin/replay-answer.ts';
import type { AnswerFromRecord, ReplayedAnswer } from '../../protocol/journal/replayed-calls.ts';
import { type ToolOutcome, toolOutcomes } from '../../protocol/tools/gateway-tools.ts';
import type { IsLive, Until } from './live-from.ts';
import { createRecordedModels } from './recorded-models.ts';
import { type AskedTool, createRecordedTools, type FoundTool } from './recorded-tools.ts';
import {
  type ModelStep,
  nameOfStep,
  type Recording,
  type StepContents,
  type ToolStep,
} from './recording.ts';
import { type ToldTool, toldTools } from './told-tools.ts';

export type FollowDeps = {
  readonly recording: Recording;
  /** Set where a step is live or edited; the rest comes from the record. */
  readonly until: Until;
  readonly isLive: IsLive;
  /** Takes secrets out of what is asked, as they were taken out of the record. */
  readonly hide: (text: string) => string;
  /** Told of each call of a model that the record answered. */
  readonly onModelCalled: (call: RecordedModelCall) => void;
  /** Told once of what differs: the run has nothing to follow any more. */
  readonly onDiffers: (difference: Difference) => void;
  /** Told once that the run came to the limit at which the recorded one ended. */
  readonly onLimit: (failure: GatewayError) => void;
};

/** What is told of it as of one that was live. */
export type RecordedModelCall = Pick<
  EventOf<'model_called'>,
  | 'upstream'
  | 'path'
  | 'model'
  | 'status'
  | 'outcome'
  | 'attempts'
  | 'firstByteMs'
  | 'durationMs'
  | 'usage'
  | 'error'
  | 'code'
  | 'body'
  | 'answer'
>;

/** One run that follows the record of another. */
export type FollowedRecord = {
  readonly answerModel: AnswerFromRecord;
  /** What the record has of a call; null where it is to be made. Rejects where there is neither. */
  readonly answerTool: (asked: AskedTool) => Promise<GivenResult | null>;
  /** The functions that the model was told of in the call that comes next. */
  readonly toolsAhead: () => Promise<readonly ToldTool[]>;
  /** A call of a tool ended. */
  readonly toolEnded: (tool: string, callId: string) => void;
  /** Whether the result of this call came from the record. */
  readonly isGiven: (callId: string) => boolean;
  /** The first step that the run did not come to. */
  readonly left: () => Difference | null;
};

/** What a tool gave, and who executed it. */
export type GivenResult = {
  readonly provenance: string;
  readonly outcome: ToolOutcome;
  readonly text: string;
};

export function followRecord(deps: FollowDeps): FollowedRecord {
  const { recording, until, hide, isLive } = deps;
  const given = new Set<string>();
  const models = createRecordedModels(recording, { hide, givenResults: given });
  const tools = createRecordedTools(recording, hide);
  const editOf = (step: number) => (step === until?.step ? until.edit : null);
  const isLimited = until === null && recording.run.code === 'run_limit_exceeded';
  let hasReachedLimit = false;
  const reachLimit = (): GatewayError => {
    hasReachedLimit = true;
    const message = 'The run reaches its limit here, as in the record.';
    const failure = new GatewayError('run_limit_exceeded', message);
    deps.onLimit(failure);
    return failure;
  };
  const differs = (difference: Difference): GatewayError => {
    deps.onDiffers(difference);
    return new GatewayError('run_cancelled', difference.message);
  };

  return {
    async answerModel({ path, body }) {
      const left = models.left();
      if (left === null && isLimited) return { type: 'refused', failure: reachLimit() };
      if (until !== null && (left === null || isLive(left))) return { type: 'live' };
      const found = await models.find(body);
      if (found.type === 'differs') return { type: 'refused', failure: differs(found.difference) };
      const { step } = found;
      if (isLive(step)) return { type: 'live' };
      const contents = await recording.contentsOf(step.step);
      const answer = toAnswer(step, { contents, edit: editOf(step.step) });
      deps.onModelCalled(calledAs(step, { path, body, answer }));
      return answer;
    },
    async answerTool(asked) {
      const found = await tools.find(asked);
      if (until !== null && (found.type === 'differs' || isLive(found.step))) return null;
      if (found.type === 'differs' && isLimited && tools.left() === null) throw reachLimit();
      if (found.type === 'differs') throw differs(found.difference);
      given.add(asked.callId);
      return toResult(found, editOf(found.step.step));
    },
    async toolsAhead() {
      const next = models.left();
      return next ? toldTools((await recording.contentsOf(next.step)).request) : [];
    },
    toolEnded: tools.ended,
    isGiven: (callId) => given.has(callId),
    left() {
      // What the recorded run began as it was ended is left to chance.
      if (hasReachedLimit) return null;
      const [first] = [models.left(), tools.left()]
        .filter((each) => each !== null)
        .toSorted((one, other) => one.step - other.step);
      return first ? endsWithout(recording, first) : null;
    },
  };
}

function endsWithout(recording: Recording, step: ModelStep | ToolStep): Difference {
  const { kind } = step;
  const what = kind === 'model_call' ? 'a call of the model' : `a call of the tool ${step.tool}`;
  const message = `The run ends without ${nameOfStep(recording, step.step)}: ${what}.`;
  return { step: step.step, kind, message, changes: [] };
}

type Given = { readonly contents: StepContents; readonly edit: string | null };

function toAnswer(step: ModelStep, { contents, edit }: Given): ReplayedAnswer {
  if (edit !== null) {
    // A body of the API is given as it is.
    return /^\s*(?:\{|data:|event:)/.test(edit)
      ? { type: 'recorded', status: 200, body: Buffer.from(edit), isWhole: true }
      : { type: 'said', text: edit, calls: [], seed: 'edited' };
  }
  const { answer } = contents;
  // Without a status its upstream answered nothing: it was not reached, or left alone.
  if (answer === undefined || step.status === 0) {
    return { type: 'refused', failure: failureOf(step) };
  }
  const isWhole = step.outcome === 'ok' || step.status >= 300;
  return { type: 'recorded', status: step.status, body: Buffer.from(answer), isWhole };
}

/** It was answered by the gateway, or with more than is kept. */
function failureOf({ code, step, outcome }: ModelStep): GatewayError {
  if (outcome === 'ok') {
    const message = `The answer of step ${step} was too long to be recorded.`;
    return new GatewayError('invalid_request', message);
  }
  const known = isFailureCode(code) ? code : 'upstream_failed';
  return new GatewayError(known, `The model failed in step ${step} of the record.`);
}

function isFailureCode(code: string | null): code is FailureCode {
  return code !== null && Object.hasOwn(failures, code);
}

function toResult(
  { step, result }: Extract<FoundTool, { type: 'found' }>,
  edit: string | null,
): GivenResult {
  const { provenance } = step;
  if (edit !== null) return { provenance, outcome: 'ok', text: edit };
  const outcome = toolOutcomes.find((each) => each === step.outcome) ?? 'failed';
  if (result !== null) return { provenance, outcome, text: result };
  const why =
    outcome === 'ok' ? 'its result was too long to be recorded' : `it ended as ${outcome}`;
  const message = `The tool ${step.tool} gave nothing in step ${step.step} of the record: ${why}.`;
  throw new GatewayError('tool_failed', message);
}

function calledAs(
  step: ModelStep,
  { path, body, answer }: { path: string; body: Buffer; answer: ReplayedAnswer },
): RecordedModelCall {
  const { upstream, model, status, error, input_tokens: inputTokens } = step;
  const usage = inputTokens === null ? null : usageOf(step);
  return {
    upstream,
    path,
    model,
    status,
    error,
    usage,
    body,
    outcome: step.outcome === 'ok' ? 'ok' : 'failed',
    code: isFailureCode(step.code) ? step.code : null,
    attempts: 0,
    firstByteMs: null,
    durationMs: 0,
    answer: answer.type === 'recorded' ? [answer.body] : null,
  };
}

function usageOf(step: ModelStep) {
  return {
    requests: 1,
    inputTokens: step.input_tokens ?? 0,
    outputTokens: step.output_tokens ?? 0,
    cachedInputTokens: step.cached_input_tokens ?? 0,
    reasoningTokens: step.reasoning_tokens ?? 0,
  };
}
