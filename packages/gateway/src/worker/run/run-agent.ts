import type { ResumedRun } from '../../protocol/worker/messages.ts';
import type { AgentShape } from '../agent-shape.ts';
import { createTakeApproval } from '../approvals/approved-calls.ts';
import { refuseClientTools } from '../approvals/client-tools.ts';
import { interruptionOf, waitingCall } from '../approvals/interruption.ts';
import { reasonFormatter, resumedState, toldItems } from '../approvals/resumed-state.ts';
import type { LoadedModule } from '../loaded-module.ts';
import { contextOf } from '../module-context.ts';
import {
  classNameOf,
  fieldsOf,
  isAsyncIterable,
  nameOf,
  type SdkAgent,
  type SdkItem,
  type SdkResult,
  type SdkRunner,
  type SdkRunOptions,
  type SdkState,
  type SdkStreamedResult,
} from '../sdk.ts';
import {
  agentView,
  apiOf,
  askedSettings,
  dependsOnApi,
  type FirstTurn,
  type ModelSettings,
  runnerSettings,
} from './agent-settings.ts';
import {
  type CutShort,
  createTranscript,
  cutShort,
  forwardStream,
  reportToolCall,
} from './forward-stream.ts';
import { runInput } from './input-items.ts';
import { addedItems, messageTexts, toolAnswer } from './result-text.ts';
import {
  type Finished,
  type KnownOfRun,
  type Outcome,
  type RunDeps,
  runScope,
} from './run-scope.ts';
import { runContext, watchRunner } from './tap-runner.ts';

/** Runs an agent of the SDK and tells all but its end. Throws whatever the run throws. */
export async function runAgent(module: LoadedModule, deps: RunDeps): Promise<Outcome> {
  const { request } = deps;
  const call = await prepareCall(module, deps);
  return request.input.streamed || mayBeCutShort(call)
    ? runStreamed(call, deps)
    : runWhole(call, deps);
}

type Call = {
  readonly runner: SdkRunner;
  readonly agent: SdkAgent;
  readonly asked: ModelSettings;
  /** What it is begun with: an input, or the state of a run that was interrupted. */
  readonly input: unknown;
  /** Items of that state that were told before. */
  readonly told: ReadonlySet<SdkItem>;
  readonly options: SdkRunOptions;
};

async function prepareCall(module: LoadedModule, deps: RunDeps): Promise<Call> {
  const { request, runnerOf, meter } = deps;
  const original = module.value as SdkAgent;
  const shared = runnerOf(module);
  const api = dependsOnApi(request.input) ? await apiOf(original, shared) : null;
  const allowed = module.manifest.settings.clientSettings ?? [];
  const asked = askedSettings(request.input, allowed, api);
  const known = runScope.getStore()?.known;
  const first = request.resume ? null : firstTurn(request.input, known);
  // An agent without settings of its own takes the runner's, one with settings takes only its own: set both.
  const modelSettings = runnerSettings(original, asked, first);
  const runner =
    Object.keys(modelSettings).length > 0 ? runnerOf(module, { modelSettings }) : shared;
  watchRunner(runner);
  const agent = agentView(original, asked, request.input, first);
  const fresh = runContext(module.sdk ?? {}, await contextOf(module, request));
  if (known) Object.assign(known, { runner, agent, context: fieldsOf(fresh).context });
  await refuseClientTools(original as AgentShape, request.input, fresh);
  const state = request.resume
    ? await stateOfCall({ module, agent, fresh }, request.resume, deps)
    : null;
  const context = state?._context ?? fresh;
  meter.watch(context);
  return {
    runner,
    agent,
    asked,
    input: state ?? runInput(request.input.items),
    told: state ? toldItems(state) : new Set(),
    options: {
      context,
      signal: request.signal,
      ...(request.maxTurns === null ? {} : { maxTurns: request.maxTurns }),
      ...(request.resume ? { toolErrorFormatter: reasonFormatter(request.resume) } : {}),
    },
  };
}

function firstTurn(
  { toolChoice }: RunDeps['request']['input'],
  known: KnownOfRun | undefined,
): FirstTurn | null {
  if (toolChoice === undefined) return null;
  return { choice: toolChoice, isOver: () => known?.isPastFirstTurn ?? false };
}

/** The state that a run goes on from; what is denied in it is told. */
async function stateOfCall(
  { module, agent, fresh }: { module: LoadedModule; agent: SdkAgent; fresh: unknown },
  resume: ResumedRun,
  { activity }: RunDeps,
): Promise<SdkState> {
  const { sdk, value } = module;
  const { context } = fieldsOf(fresh);
  const known = runScope.getStore()?.known;
  const run = { sdk: sdk ?? {}, agent, original: value as SdkAgent, resume, context };
  const state = await resumedState(run, (denied, reason) => {
    if (!known) return;
    const { arguments: written, ...call } = waitingCall(denied, known);
    activity.started(call, written);
    activity.deny(call.callId);
    activity.ended(call.callId, reason);
  });
  if (known) known.takeApproval = createTakeApproval(state);
  return state;
}

/** An answer that the Responses API cuts short comes as an error without its text, unless it is streamed. */
function mayBeCutShort({ agent, asked }: Call): boolean {
  return (asked.maxTokens ?? agent.modelSettings?.maxTokens) !== undefined;
}

async function runStreamed(call: Call, deps: RunDeps): Promise<Outcome> {
  const { request, activity } = deps;
  const { send } = request;
  const { options } = call;
  const isLive = request.input.streamed;
  const sendText = (delta: string) => send({ type: 'text', delta });
  const transcript = createTranscript(isLive ? sendText : () => undefined);
  let cut: CutShort = null;
  const onTurnEnded = (ended: CutShort): void => {
    cut = ended;
  };
  const onUsage = (usage: unknown) => deps.meter.sawTurn(options.context, usage);
  const result = await call.runner.run(call.agent, call.input, { ...options, stream: true });
  try {
    if (!isAsyncIterable(result)) throw new TypeError('The SDK gave no stream.');
    const forward = { transcript, activity, send, onTurnEnded, onUsage };
    await forwardStream(result as SdkStreamedResult, forward);
    request.signal.throwIfAborted();
    const answer = isWaiting(result) ? null : toolAnswer(result);
    if (answer !== null) {
      transcript.breakMessage();
      await transcript.write(answer);
    }
  } catch (error) {
    cut ??= cutShortByError(error);
    if (!cut) throw error;
  }
  if (!isLive) await sendText(wholeText(transcript.messages, result));
  // The SDK knows nothing of a turn that was cut short.
  return cut ? outcomeOf(cut) : endOf(outcomeOf(cut), { result, call, deps });
}

async function runWhole(call: Call, deps: RunDeps): Promise<Outcome> {
  const { request, activity } = deps;
  const result = await call.runner.run(call.agent, call.input, call.options);
  const newItems = newItemsOf(result, call);
  for (const item of newItems) {
    if (item.type === 'tool_call_item') reportToolCall(item, activity);
  }
  const answer = isWaiting(result) ? null : toolAnswer(result);
  const texts = [...messageTexts({ newItems }), ...(answer === null ? [] : [answer])];
  await request.send({ type: 'text', delta: wholeText(texts, result) });
  const raw = fieldsOf(result.rawResponses?.at(-1)?.providerData).choices;
  const outcome = outcomeOf(Array.isArray(raw) ? cutShort(fieldsOf(raw[0]).finish_reason) : null);
  return endOf(outcome, { result, call, deps });
}

type Ended = { readonly result: SdkResult; readonly call: Call; readonly deps: RunDeps };

function endOf(outcome: Finished, { result, call, deps }: Ended): Outcome {
  const { input } = deps.request;
  const isClients = (tool: string) =>
    input.offeredTools?.some(({ name }) => name === tool) ?? false;
  const known = runScope.getStore()?.known;
  const interrupted = known ? interruptionOf(result, known, isClients) : null;
  const own = newItemsOf(result, call).filter(({ rawItem }) => !isClients(nameOf(rawItem)));
  const items = input.tellsItems ? { items: addedItems(own) } : {};
  return interrupted ? { interrupted: { ...interrupted, ...items } } : { ...outcome, ...items };
}

/** What it added since it was begun, or gone on with. */
function newItemsOf({ newItems = [] }: SdkResult, { told }: Call): SdkItem[] {
  return newItems.filter((item) => !told.has(item));
}

function isWaiting({ interruptions = [] }: SdkResult): boolean {
  return interruptions.length > 0;
}

/** All messages, as a stream would tell them; of an agent with an output type the last alone, so that it parses. */
function wholeText(texts: readonly string[], result: SdkResult): string {
  const outputType = result.lastAgent?.outputType ?? 'text';
  return outputType === 'text' ? texts.join('\n\n') : (texts.at(-1) ?? '');
}

/** The end of the turn may be lost with the failure it causes: then the SDK's sentence tells it. */
function cutShortByError(error: unknown): CutShort {
  if (classNameOf(error) !== 'ModelBehaviorError') return null;
  const message = String(fieldsOf(error).message);
  return /"response\.incomplete"|finish_reason='length'/.test(message) ? 'length' : null;
}

function outcomeOf(cut: CutShort): Finished {
  if (cut === 'content_filter') return { reason: cut, blockedBy: 'content filter of the model' };
  return { reason: cut ?? 'stop' };
}
