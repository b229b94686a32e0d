import type { LoadedModule } from '../loaded-module.ts';
import { contextOf } from '../module-context.ts';
import {
  fieldsOf,
  isAsyncIterable,
  type SdkAgent,
  type SdkResult,
  type SdkStreamedResult,
} from '../sdk.ts';
import {
  type CutShort,
  createTranscript,
  forwardStream,
  type Transcript,
} from './forward-stream.ts';
import { workflowStop } from './guard-tools.ts';
import { inputItems, lastUserText, runInput } from './input-items.ts';
import { messageTexts, outputText } from './result-text.ts';
import { type Outcome, type RunDeps, type RunTap, runScope, type TappedRun } from './run-scope.ts';
import { joinedSignal, runContext, watchRunner } from './tap-runner.ts';

type Workflow = (input: { readonly input_as_text: string }) => unknown;

/** What one run of a workflow has done so far. */
type Progress = {
  readonly transcript: Transcript;
  last: SdkResult | null;
  /** Steps may run side by side; only one at a time may write. */
  writing: boolean;
  readonly waiting: string[];
  /** Whether the last turn was cut short. */
  cut: CutShort;
  /** Runs something as inside a step, where runs are no steps of their own. */
  readonly inside: (work: () => Promise<SdkResult>) => Promise<SdkResult>;
};

/**
 * Runs an exported `runWorkflow` and tells all but its end. Runs that it starts are tapped: they get the earlier
 * conversation, stream their texts and are counted. Throws whatever the workflow throws.
 */
export async function runWorkflow(module: LoadedModule, deps: RunDeps): Promise<Outcome> {
  const { request } = deps;
  const isLive = request.input.streamed;
  const sendText = (delta: string) => request.send({ type: 'text', delta });
  const transcript = createTranscript(isLive ? sendText : () => undefined);
  const scope = runScope.getStore();
  if (!scope) throw new TypeError('A workflow runs inside the scope of a run.');
  const inside: Progress['inside'] = (work) => runScope.run(scope, work);
  const progress: Progress = {
    transcript,
    last: null,
    writing: false,
    waiting: [],
    cut: null,
    inside,
  };
  const context = await contextOf(module, request);
  const tap = stepTap({ module, context }, deps, progress);
  const returned = await runScope.run({ ...scope, tap }, async () => {
    const workflow = module.value as Workflow;
    return workflow({ input_as_text: lastUserText(request.input.items) });
  });
  request.signal.throwIfAborted();
  const [waiting] = progress.last?.interruptions ?? [];
  if (waiting) throw workflowStop(String(waiting.name ?? 'a tool'));
  const failed = failedChecks(returned);
  if (failed.length > 0) return { reason: 'content_filter', blockedBy: failed.join(', ') };
  const text = outputText(returned) ?? outputText(progress.last?.finalOutput) ?? '';
  if (!transcript.messages.includes(text)) {
    transcript.breakMessage();
    await transcript.write(text);
  }
  if (!isLive) await sendText(transcript.messages.join('\n\n'));
  return { reason: progress.cut ?? 'stop' };
}

function stepTap(
  { module, context: given }: { module: LoadedModule; context: unknown },
  deps: RunDeps,
  progress: Progress,
): RunTap {
  const { request, meter } = deps;
  return async (call) => {
    watchRunner(call.runner);
    const context = runContext(module.sdk ?? {}, call.options.context ?? given);
    meter.watch(context);
    const signal = joinedSignal(call.options, request.signal);
    const step: TappedRun = {
      ...call,
      input: withHistory(call.input, deps),
      options: { ...call.options, context, signal },
    };
    // A step that the module streams itself is its own reader; its text comes with what it returns.
    const isOurs = request.input.streamed && !call.options.stream;
    const result = await (isOurs ? streamStep(step, deps, progress) : wholeStep(step, progress));
    if (!isOurs && !call.options.stream && hasTextOutput(step.agent)) {
      progress.waiting.push(...messageTexts(result));
      await writeWaiting(progress);
    }
    progress.last = result;
    return result;
  };
}

function wholeStep(step: TappedRun, { inside }: Progress): Promise<SdkResult> {
  const { runner, original, agent, input, options } = step;
  return inside(() => original.call(runner, agent, input, options));
}

async function streamStep(step: TappedRun, deps: RunDeps, progress: Progress): Promise<SdkResult> {
  const result = await wholeStep({ ...step, options: { ...step.options, stream: true } }, progress);
  if (!isAsyncIterable(result)) return result;
  const { request, activity, meter } = deps;
  const { send } = request;
  const isText = hasTextOutput(step.agent);
  const isLive = isText && !progress.writing;
  const own = createTranscript(
    isText ? () => undefined : (delta) => send({ type: 'reasoning', delta }),
  );
  const transcript = isLive ? progress.transcript : own;
  transcript.breakMessage();
  if (isLive) progress.writing = true;
  try {
    await forwardStream(result as SdkStreamedResult, {
      transcript,
      activity,
      send,
      onTurnEnded(cut) {
        progress.cut = cut;
      },
      onUsage: (usage) => meter.sawTurn(step.options.context, usage),
    });
    request.signal.throwIfAborted();
  } finally {
    if (isLive) progress.writing = false;
  }
  if (isText && !isLive) progress.waiting.push(...own.messages);
  await writeWaiting(progress);
  return result;
}

/** Messages that came while another step was writing wait until it is done. */
async function writeWaiting({ transcript, waiting, writing }: Progress): Promise<void> {
  if (writing) return;
  for (const message of waiting.splice(0)) {
    transcript.breakMessage();
    await transcript.write(message);
  }
}

function hasTextOutput(agent: unknown): boolean {
  return ((agent as SdkAgent).outputType ?? 'text') === 'text';
}

/**
 * Exports know one user text and no history: where a step begins with exactly the current message, the whole
 * conversation takes its place, pictures included.
 */
function withHistory(input: unknown, { request }: RunDeps): unknown {
  const { items } = request.input;
  const current = lastUserText(items);
  if (typeof input === 'string') return input === current ? runInput(items) : input;
  if (!Array.isArray(input)) return input;
  const [first, ...rest] = input;
  return isUserText(first, current) ? [...inputItems(items), ...rest] : input;
}

function isUserText(item: unknown, text: string): boolean {
  const { role, content } = fieldsOf(item);
  if (role !== 'user') return false;
  if (typeof content === 'string') return content === text;
  return Array.isArray(content) && content.length === 1 && fieldsOf(content[0]).text === text;
}

/** Names of the checks that failed in a returned object (`{ jailbreak: { failed: true } }`); empty where none did. */
function failedChecks(returned: unknown): string[] {
  if (typeof returned !== 'object' || returned === null) return [];
  return Object.entries(returned)
    .filter(([, check]) => fieldsOf(check).failed === true)
    .map(([name]) => name);
}
