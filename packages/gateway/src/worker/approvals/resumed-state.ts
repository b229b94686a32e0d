import type { CallDecision, ResumedRun } from '../../protocol/worker/messages.ts';
import type { SdkCopy } from '../loaded-module.ts';
import { RunStop } from '../run/run-scope.ts';
import {
  classNameOf,
  fieldsOf,
  type SdkAgent,
  type SdkInterruption,
  type SdkItem,
  type SdkState,
} from '../sdk.ts';
import { callIdOfInterruption } from './interruption.ts';
import { isAboutTwins } from './own-state.ts';

/** What it takes to go on with a run. */
export type Resumable = {
  readonly sdk: SdkCopy;
  /** As its run began with it. */
  readonly agent: SdkAgent;
  /** What it is a view of. */
  readonly original: SdkAgent;
  readonly resume: ResumedRun;
  /** What tools get as their context. */
  readonly context: unknown;
};

/** Whether a call is denied now, and why. */
type Denied = (call: SdkInterruption, reason: string | undefined) => void;

/**
 * The state of a run that was interrupted, with the decisions in it: given to a runner in place of an input, the run goes on.
 * What nobody decided on interrupts it again.
 *
 * @param onDenied - The SDK tells nothing of a call that is denied.
 * @throws RunStop `run_state_unreadable` where it is no state of such an agent, or one of another SDK.
 */
export async function resumedState(run: Resumable, onDenied: Denied): Promise<SdkState> {
  const state = await readState(run);
  const calls = state.getInterruptions?.() ?? [];
  if (calls.length === 0 || !state._context) throw unreadable('it waits for nothing');
  state._context.context = run.context;
  for (const call of calls) {
    const decision = decide(state, call, run.resume);
    if (decision?.approve === false) onDenied(call, decision.reason);
  }
  return state;
}

/** Tells a model why a call is denied, with copies whose denials take no reason. */
export function reasonFormatter({ decisions }: ResumedRun): (about: unknown) => string | undefined {
  const reasons = new Map(decisions.map(({ callId, reason }) => [callId, reason]));
  return (about) => {
    const { kind, callId } = fieldsOf(about);
    return kind === 'approval_rejected' ? reasons.get(String(callId)) : undefined;
  };
}

/** The items of a state that were told when it was interrupted: all but the calls that wait. */
export function toldItems(state: SdkState): ReadonlySet<SdkItem> {
  const items = state._generatedItems ?? [];
  const ended = new Set(
    items
      .filter(({ type }) => type === 'tool_call_output_item')
      .map((item) => item.rawItem?.callId),
  );
  const isWaiting = ({ type, rawItem }: SdkItem) =>
    type === 'tool_call_item' && rawItem?.type === 'function_call' && !ended.has(rawItem.callId);
  return new Set(items.filter((item) => !isWaiting(item)));
}

function decide(
  state: SdkState,
  call: SdkInterruption,
  { decisions, results }: ResumedRun,
): CallDecision | null {
  const callId = callIdOfInterruption(call);
  if (results.some((result) => result.callId === callId)) {
    state.approve?.(call);
    return null;
  }
  const ofCall = decisions.filter((one) => one.callId === callId);
  // Should two calls have one id, a denial of one is taken for both.
  const decision = ofCall.find(({ approve }) => !approve) ?? ofCall[0];
  if (!decision) return null;
  const { approve, reason, always = false } = decision;
  if (approve) state.approve?.(call, { alwaysApprove: always });
  else state.reject?.(call, { alwaysReject: always, ...(reason ? { message: reason } : {}) });
  return decision;
}

async function readState(run: Resumable): Promise<SdkState> {
  const { agent, original } = run;
  const read = stateReader(run);
  try {
    return await read(agent);
  } catch (error) {
    // Copies without identities of agents take a view and what it is a view of for two agents of one name.
    if (agent === original || !isAboutTwins(error)) return refuse(error);
    const state = await read(original).catch(refuse);
    const current = state as { _currentAgent?: unknown };
    if (current._currentAgent === original) current._currentAgent = agent;
    return state;
  }
}

type RunStates = {
  readonly fromString: (agent: unknown, text: string) => Promise<SdkState>;
  readonly fromStringWithContext: (
    agent: unknown,
    text: string,
    context: unknown,
  ) => Promise<SdkState>;
};

function stateReader({ sdk, resume, context }: Resumable): (agent: SdkAgent) => Promise<SdkState> {
  const RunState = fieldsOf(sdk.RunState) as Partial<RunStates>;
  const { RunContext } = sdk as { RunContext?: new (context: unknown) => unknown };
  const { fromStringWithContext } = RunState;
  if (fromStringWithContext && RunContext) {
    return async (agent) =>
      fromStringWithContext.call(RunState, agent, resume.state, new RunContext(context));
  }
  const { fromString } = RunState;
  if (!fromString) throw unreadable('the SDK of the agent knows no such states');
  // Copies before 0.4 ask agents for their tools before they can be given a context: it is put into the text, as far as it is JSON.
  return async (agent) => fromString.call(RunState, agent, withContext(resume.state, context));
}

function withContext(text: string, given: unknown): string {
  const state = fieldsOf(JSON.parse(text));
  return JSON.stringify({
    ...state,
    context: { ...fieldsOf(state.context), context: plain(given) },
  });
}

function plain(context: unknown): unknown {
  try {
    return fieldsOf(JSON.parse(JSON.stringify(context)));
  } catch {
    return {};
  }
}

/** What the SDK throws over a state; anything else is of the agent's own parts. */
const ofStates = [
  'UserError',
  'SystemError',
  'ModelBehaviorError',
  'ZodError',
  'SyntaxError',
  'TypeError',
];

function refuse(error: unknown): never {
  const isOfState = ofStates.includes(classNameOf(error));
  throw isOfState ? unreadable(`its SDK says: ${fieldsOf(error).message}`, error) : error;
}

function unreadable(why: string, cause?: unknown): RunStop {
  const cut = why.length > MAX_WHY ? `${why.slice(0, MAX_WHY)}…` : why;
  const advice = 'Ask anew; the agent has to be the one that was interrupted, with the same SDK.';
  const message = `The run that was interrupted cannot be gone on with: ${cut}. ${advice}`;
  return new RunStop('run_state_unreadable', message, cause);
}

/** Most letters of what the SDK says. */
const MAX_WHY = 300;
