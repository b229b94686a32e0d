import type { Provenance } from '../../protocol/run.ts';
import { agentOfTool } from '../agent-shape.ts';
import { createPlainPolicies, governApproval } from '../approvals/approval-policy.ts';
import { withClientTools } from '../approvals/client-tools.ts';
import type { SdkCopy } from '../loaded-module.ts';
import { fieldsOf, nameOf, type SdkTool } from '../sdk.ts';
import { isGatewayTool } from '../tools/gateway-tool.ts';
import { withGivenTools } from '../tools/given-tools.ts';
import { parsedArguments } from '../tools/parsed-arguments.ts';
import { guardName, originalOf, replayedTools } from '../tools/replayed-tools.ts';
import { isTooLong, toldName, verdictOn } from '../tools/tool-verdict.ts';
import { processRuns } from './outside-runs.ts';
import { type RunScope, RunStop } from './run-scope.ts';

const guarded = Symbol('dropgate.guarded');

/** A call of a tool that runs here. */
export type ToolCall = {
  readonly tool: string;
  readonly args: unknown;
  readonly provenance: Provenance;
  /** The model's own id of it; absent where code of the module makes it. */
  readonly callId?: string;
};

/**
 * Makes the gateway's policy hold for the tools of every agent of this SDK copy, of `agent` too where it is of
 * another one: agents reached by handoff or used as tools and tools of MCP servers included. Tools are guarded in
 * place when a turn asks for them; may be called again at no cost.
 */
export function guardTools(sdk: SdkCopy | null, agent: unknown): void {
  const prototype = fieldsOf(fieldsOf(sdk?.Agent).prototype);
  guardToolList(prototype, sdk);
  markAgentTools(prototype);
  guardToolList(ownerOf(agent, 'getAllTools'), null);
}

/** Who executes a tool. */
export function provenanceOf(tool: unknown, agent: unknown): Provenance {
  if (isGatewayTool(tool)) return 'gateway';
  const { type } = tool as SdkTool;
  if (type === 'hosted_tool') return 'hosted';
  const { tools, mcpServers } = fieldsOf(agent);
  const hasServers = Array.isArray(mcpServers) && mcpServers.length > 0;
  const isOwn = Array.isArray(tools) && tools.includes(originalOf(tool));
  return hasServers && Array.isArray(tools) && !isOwn ? 'mcp' : 'native';
}

function guardToolList(owner: Readonly<Record<string, unknown>>, sdk: SdkCopy | null): void {
  const original = owner.getAllTools;
  if (typeof original !== 'function' || guarded in original) return;
  const plain = createPlainPolicies(sdk);
  const getAllTools = async function getAllTools(this: unknown, ...args: readonly unknown[]) {
    const listed: unknown = await original.apply(this, args);
    if (!Array.isArray(listed)) return listed;
    const tools = withGivenTools(listed, this);
    const offers = await Promise.all(tools.map((tool: SdkTool) => isOffered(tool, this)));
    const offered = tools.filter((_tool, index) => offers[index]);
    const scope = processRuns.current();
    const governed = offered.map((tool) => {
      const provenance = provenanceOf(tool, this);
      const guarded = isGatewayTool(tool) ? tool : guardTool(tool, provenance);
      return governApproval(guarded, { provenance, plain });
    });
    scope?.known.offered.set(nameOf(this), { agent: this, tools: governed });
    const all = withClientTools(governed, { agent: this, scope, plain });
    return scope?.request.replays ? replayedTools(all, scope) : all;
  };
  Object.defineProperty(owner, 'getAllTools', {
    value: Object.assign(getAllTools, { [guarded]: true }),
    configurable: true,
    writable: true,
  });
}

/** A tool does not tell that it runs an agent: what makes one of an agent remembers it. */
function markAgentTools(owner: Readonly<Record<string, unknown>>): void {
  const original = owner.asTool;
  if (typeof original !== 'function' || guarded in original) return;
  const asTool = function asTool(this: unknown, ...args: readonly unknown[]): unknown {
    const tool: unknown = original.apply(this, args);
    return typeof tool === 'object' && tool
      ? Object.defineProperty(tool, agentOfTool, { value: this })
      : tool;
  };
  Object.defineProperty(owner, 'asTool', {
    value: Object.assign(asTool, { [guarded]: true }),
    configurable: true,
    writable: true,
  });
}

/** The object of a prototype chain that has the member itself. */
function ownerOf(value: unknown, member: string): Readonly<Record<string, unknown>> {
  let owner: unknown = value;
  while (typeof owner === 'object' && owner !== null && !Object.hasOwn(owner, member)) {
    owner = Object.getPrototypeOf(owner);
  }
  return fieldsOf(owner);
}

/** What is not called here cannot be stopped at the call: unless allowed outright, the model is not told of it. */
async function isOffered(tool: SdkTool, agent: unknown): Promise<boolean> {
  if (tool.type === 'function') return true;
  const name = nameOf(tool);
  const scope = processRuns.current() ?? processRuns.sole();
  if (!scope)
    return isAllowedOutside({ tool: name, args: null, provenance: provenanceOf(tool, agent) });
  const answer = verdictOn(name, scope.request.verdicts()) === 'allow' ? 'allow' : 'deny';
  if (scope.offers.get(name) !== answer) {
    scope.offers.set(name, answer);
    scope.request.decided({ tool: toldName(name), provenance: provenanceOf(tool, agent), answer });
  }
  return answer === 'allow';
}

function guardTool(tool: SdkTool, provenance: Provenance): SdkTool {
  if (tool.type !== 'function') return tool;
  const guardrails = tool.inputGuardrails;
  if (guardrails?.some((guardrail) => fieldsOf(guardrail).name === guardName)) return tool;
  if (tool.invoke && guarded in tool.invoke) return tool;
  // Copies before 0.3 know no guardrails of tools; wrapping `invoke` is harmless only there.
  const change =
    guardrails || 'outputGuardrails' in tool
      ? { inputGuardrails: [policyGuardrail(tool, provenance), ...(guardrails ?? [])] }
      : { invoke: guardedInvoke(tool, provenance) };
  return Object.isFrozen(tool) ? { ...tool, ...change } : Object.assign(tool, change);
}

function policyGuardrail(tool: SdkTool, provenance: Provenance): object {
  return {
    type: 'tool_input',
    name: guardName,
    run: async ({ toolCall }: { readonly toolCall?: unknown }) => {
      const { callId, arguments: args } = fieldsOf(toolCall);
      const message = await refusal({ tool: nameOf(tool), args, provenance, ...idOf(callId) });
      return {
        behavior: message === null ? { type: 'allow' } : { type: 'rejectContent', message },
      };
    },
  };
}

function guardedInvoke(tool: SdkTool, provenance: Provenance): NonNullable<SdkTool['invoke']> {
  const original = tool.invoke;
  const invoke: NonNullable<SdkTool['invoke']> = async (context, input, details) => {
    const { callId } = fieldsOf(fieldsOf(details).toolCall);
    const call = { tool: nameOf(tool), args: input, provenance, ...idOf(callId) };
    const message = await refusal(call);
    return message ?? original?.call(tool, context, input, details);
  };
  return Object.assign(invoke, { [guarded]: true });
}

function idOf(callId: unknown): { readonly callId?: string } {
  return typeof callId === 'string' && callId !== '' ? { callId } : {};
}

/** What the model is told instead of a result; null lets the call pass. */
async function refusal(call: ToolCall): Promise<string | null> {
  const { tool, callId = tool } = call;
  const current = processRuns.current();
  if (call.callId !== undefined && current?.known.takeApproval?.(callId) === false) {
    current.activity.deny(callId);
    return `This call of ${tool} has the id of one that a person approved and that was made before. It was not made: call it again, with an id of its own.`;
  }
  const scope = current ?? processRuns.sole();
  if (await isAllowed(call, scope)) return null;
  current?.activity.deny(callId);
  const verdict = scope && verdictOn(tool, scope.request.verdicts());
  if (verdict !== 'require_approval' && verdict !== 'ask_approval') {
    return `The tool ${tool} may not be called here.`;
  }
  if (scope?.isWorkflow) throw workflowStop(tool);
  return `The tool ${tool} may not be called here without the approval of a person, which this call does not have.`;
}

/** With a run that a workflow began, only the workflow could go on. */
export function workflowStop(tool: string): RunStop {
  const message = `The tool ${tool} needs approval, and a workflow cannot be interrupted for one. Export the agent itself, so that its run can wait.`;
  return new RunStop('approval_unsupported', message);
}

async function isAllowed(call: ToolCall, scope: RunScope | undefined): Promise<boolean> {
  if (!scope) return isAllowedOutside(call);
  const { request } = scope;
  const { tool, args, provenance, callId } = call;
  const { isOver, told: counted } = request.toolCount.add(tool, args);
  // What goes beyond the limits of the run, only the gateway may let pass.
  const verdict = isOver ? 'ask' : verdictOn(tool, request.verdicts());
  if (verdict !== 'allow' && verdict !== 'deny') {
    const ofCall = callId === undefined ? {} : { toolCallId: callId };
    const question = { tool, arguments: parsedArguments(args), provenance, ...ofCall, ...counted };
    return request.ask({ ask: 'authorize_tool', ...question }).then(
      (reply) => reply === true,
      () => false,
    );
  }
  request.decided({ tool: toldName(tool), provenance, answer: verdict });
  return verdict === 'allow';
}

/** Whether a thread of the module's own may call a tool: by the sole run, else the gateway decides. */
export function mayCallOutside(call: ToolCall): Promise<boolean> {
  return isAllowed(call, processRuns.sole());
}

/** Nobody can tell for which run it is: the gateway decides, and where it cannot be asked the answer is no. */
async function isAllowedOutside({ tool, args, provenance }: ToolCall): Promise<boolean> {
  const link = processRuns.link();
  // The SDK alone, as in a test that runs an agent: no gateway, and nobody's rules.
  if (!link) return true;
  const question = { tool, arguments: parsedArguments(args), provenance };
  try {
    if (isTooLong(tool)) throw new Error('No rule speaks of such a name.');
    return (await link.ask({ ask: 'authorize_tool', ...question })) === true;
  } catch {
    link.decided({ tool: toldName(tool), provenance, answer: 'deny' });
    return false;
  }
}
