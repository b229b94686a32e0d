import type { LoadedModule } from '../loaded-module.ts';
import { contextOf } from '../module-context.ts';
import {
  classNameOf,
  fieldsOf,
  isAsyncIterable,
  type SdkAgent,
  type SdkResult,
  type SdkRunner,
  type SdkRunOptions,
  type SdkStreamedResult,
} from '../sdk.ts';
import {
  agentView,
  apiOf,
  askedSettings,
  dependsOnApi,
  type ModelSettings,
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
import { ApprovalRequired, type Outcome, type RunDeps } from './run-scope.ts';
import { runContext, watchRunner } from './tap-runner.ts';

/** Runs an agent of the SDK and tells all but its end. Throws whatever the run throws. */
export async function runAgent(module: LoadedModule, deps: RunDeps): Promise<Outcome> {
  const { request, meter } = deps;
  const call = await prepareCall(module, deps);
  const context = runContext(module.sdk ?? {}, await contextOf(module, request));
  meter.watch(context);
  const options: SdkRunOptions = {
    context,
    signal: request.signal,
    ...(request.maxTurns === null ? {} : { maxTurns: request.maxTurns }),
  };
  return request.input.streamed || mayBeCutShort(call)
    ? runStreamed(call, options, deps)
    : runWhole(call, options, deps);
}

type Call = { readonly runner: SdkRunner; readonly agent: SdkAgent; readonly asked: ModelSettings };

async function prepareCall(module: LoadedModule, { request, runnerOf }: RunDeps): Promise<Call> {
  const agent = module.value as SdkAgent;
  const shared = runnerOf(module);
  const api = dependsOnApi(request.input) ? await apiOf(agent, shared) : null;
  const allowed = module.manifest.settings.clientSettings ?? [];
  const asked = askedSettings(request.input, allowed, api);
  // An agent without settings of its own takes the runner's, one with settings takes only its own: set both.
  const runner =
    Object.keys(asked).length > 0 ? runnerOf(module, { modelSettings: asked }) : shared;
  watchRunner(runner);
  return { runner, agent: agentView(agent, asked, request.input), asked };
}

/** An answer that the Responses API cuts short comes as an error without its text, unless it is streamed. */
function mayBeCutShort({ agent, asked }: Call): boolean {
  return (asked.maxTokens ?? agent.modelSettings?.maxTokens) !== undefined;
}

async function runStreamed(call: Call, options: SdkRunOptions, deps: RunDeps): Promise<Outcome> {
  const { request, activity } = deps;
  const { send } = request;
  const isLive = request.input.streamed;
  const sendText = (delta: string) => send({ type: 'text', delta });
  const transcript = createTranscript(isLive ? sendText : () => undefined);
  let cut: CutShort = null;
  const onTurnEnded = (ended: CutShort): void => {
    cut = ended;
  };
  const onUsage = (usage: unknown) => deps.meter.sawTurn(options.context, usage);
  const input = runInput(request.input.items);
  const result = await call.runner.run(call.agent, input, { ...options, stream: true });
  try {
    if (!isAsyncIterable(result)) throw new TypeError('The SDK gave no stream.');
    const forward = { transcript, activity, send, onTurnEnded, onUsage };
    await forwardStream(result as SdkStreamedResult, forward);
    request.signal.throwIfAborted();
    refuseApprovals(result);
    const answer = toolAnswer(result);
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
  return cut ? outcomeOf(cut) : withItems(outcomeOf(cut), result, deps);
}

async function runWhole(call: Call, options: SdkRunOptions, deps: RunDeps): Promise<Outcome> {
  const { request, activity } = deps;
  const input = runInput(request.input.items);
  const result = await call.runner.run(call.agent, input, options);
  refuseApprovals(result);
  for (const item of result.newItems ?? []) {
    if (item.type === 'tool_call_item') reportToolCall(item, activity);
  }
  const answer = toolAnswer(result);
  const texts = [...messageTexts(result), ...(answer === null ? [] : [answer])];
  await request.send({ type: 'text', delta: wholeText(texts, result) });
  const raw = fieldsOf(result.rawResponses?.at(-1)?.providerData).choices;
  const outcome = outcomeOf(Array.isArray(raw) ? cutShort(fieldsOf(raw[0]).finish_reason) : null);
  return withItems(outcome, result, deps);
}

function withItems(outcome: Outcome, result: SdkResult, { request }: RunDeps): Outcome {
  return request.input.tellsItems ? { ...outcome, items: addedItems(result) } : outcome;
}

/** All messages, as a stream would tell them; of an agent with an output type the last alone, so that it parses. */
function wholeText(texts: readonly string[], result: SdkResult): string {
  const outputType = result.lastAgent?.outputType ?? 'text';
  return outputType === 'text' ? texts.join('\n\n') : (texts.at(-1) ?? '');
}

function refuseApprovals(result: SdkResult): void {
  const [first] = result.interruptions ?? [];
  if (first !== undefined) throw new ApprovalRequired(String(fieldsOf(first).name ?? 'a tool'));
}

/** The end of the turn may be lost with the failure it causes: then the SDK's sentence tells it. */
function cutShortByError(error: unknown): CutShort {
  if (classNameOf(error) !== 'ModelBehaviorError') return null;
  const message = String(fieldsOf(error).message);
  return /"response\.incomplete"|finish_reason='length'/.test(message) ? 'length' : null;
}

function outcomeOf(cut: CutShort): Outcome {
  if (cut === 'content_filter') return { reason: cut, blockedBy: 'content filter of the model' };
  return { reason: cut ?? 'stop' };
}
