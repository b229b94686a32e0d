import { principalOf } from '../../policy/authorize.ts';
import type { WorkerAnswer } from '../../protocol/pool.ts';
import type { Grant } from '../../protocol/state/approval-store.ts';
import type { WorkerQuestion } from '../../protocol/worker/messages.ts';
import type { AskingRun, RunTools } from '../run-tools.ts';
import type { ToolUser } from '../tool-tables.ts';
import type { FollowedRecord, GivenResult } from './follow-record.ts';
import type { ReplayRequest } from './replay-request.ts';

type ToolsOf = (
  user: ToolUser,
  ids: {
    readonly runId: string;
    readonly requestId: string;
    readonly grants?: readonly Grant[];
  },
) => RunTools;

export type ReplayToolsDeps = {
  /** What rules say of the tools of a run, told to everybody who listens, or to the journal alone. */
  readonly toolsOf: { readonly told: ToolsOf; readonly noted: ToolsOf };
};

/** For whom it runs, as rules are asked: what follows a record to its end is of the key that is recorded there. */
export function replayUser({ caller, recording, agent, until }: ReplayRequest): ToolUser {
  const { run, asked } = recording;
  const { user, metadata } = asked.input;
  const recorded = until === null ? { keyId: run.keyId, keyName: asked.context.key.name } : {};
  const request = { metadata, ...(user === undefined ? {} : { user }) };
  return { ...agent, key: principalOf({ ...caller, ...recorded }), request };
}

/** The tools of a run that follows a record: what that has of a call is its result. */
export function createReplayTools(
  { toolsOf }: ReplayToolsDeps,
  run: ReplayRequest & {
    readonly user: ToolUser;
    readonly runId: string;
    readonly record: FollowedRecord;
  },
): RunTools {
  const { record, runId, caller, user, until } = run;
  const ids = { runId, requestId: caller.requestId };
  const tools = until === null ? toolsOf.noted(user, ids) : toolsOf.told(user, ids);
  return {
    ...tools,
    async answer(question, asking) {
      if (question.ask === 'replay_tools') {
        return { type: 'value', value: await record.toolsAhead() };
      }
      const asked = toAsked(question);
      if (!asked) return tools.answer(question, asking);
      const given = await record.answerTool(asked);
      if (given) return tell(given, { asking, question });
      return question.ask === 'replay_tool'
        ? { type: 'value', value: null }
        : tools.answer(question, asking);
    },
  };
}

type ToolQuestion = Exclude<WorkerQuestion, { ask: 'replay_tools' }>;

/** Code of a module may call a tool of the gateway itself, where no id is known. */
function toAsked(question: ToolQuestion) {
  const { tool, arguments: args } = question;
  if (question.ask === 'replay_tool') {
    return { tool, callId: question.toolCallId, arguments: args };
  }
  if (question.ask !== 'call_tool') return null;
  return { tool, callId: question.toolCallId ?? '', arguments: JSON.stringify(args) };
}

type Asking = { readonly asking: AskingRun; readonly question: ToolQuestion };

function tell(
  { provenance, outcome, text }: GivenResult,
  { asking, question }: Asking,
): WorkerAnswer {
  if (provenance === 'gateway') {
    const { tool, arguments: args } = question;
    const argumentBytes = Buffer.byteLength(String(args));
    const sizes = { argumentBytes, resultBytes: Buffer.byteLength(text) };
    const nothing = { cache: null, violation: null, error: null, detail: null };
    const result = { outcome, text, durationMs: 0, ...sizes, ...nothing };
    const callId = 'toolCallId' in question ? question.toolCallId : undefined;
    asking.onToolCalled({ tool, arguments: parsedArguments(args), callId, spanId: null }, result);
  }
  return { type: 'tool', outcome, text };
}

function parsedArguments(args: unknown): unknown {
  if (typeof args !== 'string') return args;
  try {
    return JSON.parse(args);
  } catch {
    return args;
  }
}
