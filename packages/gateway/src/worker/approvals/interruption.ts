import type { Provenance } from '../../protocol/run.ts';
import { provenanceOf } from '../run/guard-tools.ts';
import { type Interruption, type KnownOfRun, RunStop } from '../run/run-scope.ts';
import { fieldsOf, nameOf, type SdkInterruption, type SdkResult, type SdkState } from '../sdk.ts';

/** Most that is told of an interrupted run, in bytes of JSON: a line of a worker has 8 MiB at most. */
const MAX_TOLD_BYTES = 6 * 1024 * 1024;

/**
 * What a run waits for, with the state by which it goes on; null where it waits for nothing.
 *
 * @param isClients - Whether a tool is one of the caller's own.
 * @throws RunStop where its SDK cannot go on with it, or its state is too large to be kept.
 */
export function interruptionOf(
  result: SdkResult,
  known: KnownOfRun,
  isClients: (tool: string) => boolean,
): Interruption | null {
  const waiting = result.interruptions ?? [];
  if (waiting.length === 0) return null;
  const { state: kept = {} } = result;
  // An agent that is a tool may have one of its own by the same name.
  const isOfClient = (call: SdkInterruption) => isClients(toolOf(call)) && !isInside(call, kept);
  const clientCalls = waiting.filter(isOfClient).map((call) => clientCall(call));
  const approvals = waiting.filter((call) => !isOfClient(call));
  const told = {
    state: stateOf(kept, waiting),
    approvals: approvals.map((call) => waitingCall(call, known)),
    ...(clientCalls.length > 0 ? { clientCalls } : {}),
  };
  if (Buffer.byteLength(JSON.stringify(told)) > MAX_TOLD_BYTES) throw tooLarge();
  return told;
}

/** The model's own id of a call that waits: of one of a hosted tool, that of its request. */
export function callIdOfInterruption({ rawItem, ...call }: SdkInterruption): string {
  const request = fieldsOf(rawItem?.providerData);
  return String(rawItem?.callId ?? request.id ?? rawItem?.id ?? call.name ?? '');
}

/** Whether an item of a run is a question of a hosted MCP server whether it may go on, or the answer to one. */
export function isHostedApproval(rawItem: unknown): boolean {
  const { name, providerData } = fieldsOf(rawItem);
  const kinds: readonly unknown[] = ['mcp_approval_request', 'mcp_approval_response'];
  return kinds.includes(name) || kinds.includes(fieldsOf(providerData).type);
}

type WaitingCall = Interruption['approvals'][number];

/** A call that waits, as it is told. */
export function waitingCall(call: SdkInterruption, known: KnownOfRun): WaitingCall {
  const isHosted = call.rawItem?.type === 'hosted_tool_call';
  return {
    callId: callIdOfInterruption(call),
    tool: toolOf(call),
    agent: nameOf(call.agent),
    provenance: isHosted ? 'hosted' : provenanceOfCall(call, known),
    arguments: argumentsOf(call),
  };
}

function provenanceOfCall(call: SdkInterruption, { offered }: KnownOfRun): Provenance {
  const { agent, tools = [] } = offered.get(nameOf(call.agent)) ?? {};
  const tool = tools.find((each) => nameOf(each) === toolOf(call));
  return tool ? provenanceOf(tool, agent) : 'native';
}

function clientCall(call: SdkInterruption) {
  return {
    callId: callIdOfInterruption(call),
    tool: toolOf(call),
    arguments: argumentsOf(call),
  };
}

function toolOf(call: SdkInterruption): string {
  return String(call.name ?? nameOf(call.rawItem));
}

/** As the model wrote them; of a tool that is no function, what it is to do. */
function argumentsOf({ rawItem }: SdkInterruption): string {
  const { arguments: own, providerData, action, operation } = fieldsOf(rawItem);
  const written = own ?? fieldsOf(providerData).arguments ?? action ?? operation ?? {};
  return typeof written === 'string' ? written : JSON.stringify(written);
}

function stateOf(state: SdkState, waiting: readonly SdkInterruption[]): string {
  const [first] = waiting;
  if (first && !state.getInterruptions) {
    throw unsupported(first, 'its copy of the SDK cannot keep a run that waits');
  }
  const inside = waiting.find((call) => isInside(call, state));
  if (inside && state._pendingAgentToolRuns === undefined) {
    const why = `it is called within an agent that is a tool, with which only copies of @openai/agents from ${nestedSince} on go on`;
    throw unsupported(inside, why);
  }
  try {
    return String(state);
  } catch (error) {
    const message =
      'The run stopped for an answer, and how far it is cannot be kept; the cause is in the log of the gateway.';
    throw new RunStop('approval_unsupported', message, error);
  }
}

/** The copy of the SDK from which on a run goes on within an agent that is a tool. */
export const nestedSince = '0.4.4';

/** Whether a call that waits is one of an agent that is a tool, and so no item of the run itself. */
function isInside(call: SdkInterruption, { _generatedItems: items = [] }: SdkState): boolean {
  const callId = callIdOfInterruption(call);
  return !items.some(
    (item) => item.type === 'tool_approval_item' && callIdOfInterruption(item) === callId,
  );
}

function unsupported(call: SdkInterruption, why: string): RunStop {
  return new RunStop(
    'approval_unsupported',
    `The tool ${toolOf(call)} needs approval, but ${why}.`,
  );
}

function tooLarge(): RunStop {
  const most = MAX_TOLD_BYTES / 1024 / 1024;
  const message = `The run stopped for an answer, and its conversation is larger than ${most} MiB, too large to be kept until then. Send less of it, or let its tools give less.`;
  return new RunStop('approval_unsupported', message);
}
