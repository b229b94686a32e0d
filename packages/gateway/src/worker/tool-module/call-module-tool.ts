import type { RunInput } from '../../protocol/run.ts';
import { failureDetail } from '../explain/failure-detail.ts';
import type { LoadedModule } from '../loaded-module.ts';
import type { Outcome, RunDeps } from '../run/run-scope.ts';
import { fieldsOf, nameOf, type SdkTool } from '../sdk.ts';

/** More than any tool may give, which the gateway cuts; the rest need not cross to it. */
const MAX_RESULT_CHARS = 8 * 1024 * 1024 + 1;

/**
 * Calls the tool of a module as a run of its own: tells the call, what it gives, and how it ended. What the
 * tool throws is told of the call; the run is finished all the same.
 */
export async function callModuleTool(
  module: LoadedModule,
  { request, activity }: RunDeps,
): Promise<Outcome> {
  const { callId, args } = callOf(request.input);
  const tool = module.value as SdkTool;
  const name = nameOf(tool);
  const provenance = 'native' as const;
  activity.started({ callId, tool: name, agent: '', provenance }, args);
  let text = '';
  try {
    text = textOf(await invoke(module, { callId, args, ...request }));
    await request.send({ type: 'text', delta: text.slice(0, MAX_RESULT_CHARS) });
  } catch (error) {
    activity.threw(callId, failureDetail(error, 'tool'));
    activity.endsAs(callId, 'failed');
  }
  activity.ended(callId, text);
  return { reason: 'stop' };
}

type Call = Pick<RunDeps['request'], 'context' | 'signal'> & {
  readonly callId: string;
  readonly args: string;
};

async function invoke(
  { value, sdk }: LoadedModule,
  { callId, args, context, signal }: Call,
): Promise<unknown> {
  const tool = value as SdkTool;
  const { RunContext, invokeFunctionTool } = sdk ?? {};
  const runContext =
    typeof RunContext === 'function' ? Reflect.construct(RunContext, [context]) : { context };
  const { isEnabled } = fieldsOf(tool);
  if (typeof isEnabled === 'function' && !(await Reflect.apply(isEnabled, tool, [runContext]))) {
    throw new Error('The tool is switched off.');
  }
  const toolCall = { type: 'function_call', callId, name: nameOf(tool), arguments: args };
  const details = { toolCall, signal };
  if (typeof invokeFunctionTool === 'function') {
    // Keeps the time limit that the tool has of its own.
    return invokeFunctionTool({ tool, runContext, input: args, details });
  }
  return tool.invoke?.(runContext, args, details);
}

function callOf({ items }: RunInput): Pick<Call, 'callId' | 'args'> {
  const [item] = items;
  if (item?.role !== 'tool_call') throw new TypeError('The module gives a tool, and has no runs.');
  return { callId: item.callId, args: item.arguments };
}

/** What a tool gives, as models are told it: text as it is, anything else as JSON. */
function textOf(result: unknown): string {
  if (typeof result === 'string') return result;
  if (result === undefined || result === null) return '';
  const { type, text } = fieldsOf(result);
  if (type === 'text' && typeof text === 'string') return text;
  const json: string | undefined = JSON.stringify(result);
  if (json === undefined)
    throw new TypeError(`The tool gave a ${typeof result}, which is no text.`);
  return json;
}
