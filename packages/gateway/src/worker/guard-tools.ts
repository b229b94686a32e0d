import type { Provenance } from '../protocol/run.ts';
import type { ToolVerdict, ToolVerdicts } from '../protocol/worker-messages.ts';
import type { SdkCopy } from './loaded-module.ts';
import { runScope } from './run-scope.ts';
import { fieldsOf, type SdkTool } from './sdk.ts';

const guardName = 'dropgate_policy';
const guarded = Symbol('dropgate.guarded');

/**
 * Makes the gateway's policy hold for the tools of every agent of this SDK copy, of `agent` too where it is of
 * another one: agents reached by handoff or used as tools and tools of MCP servers included. Tools are guarded in
 * place when a turn asks for them; may be called again at no cost.
 */
export function guardTools(sdk: SdkCopy | null, agent: unknown): void {
  guardToolList(fieldsOf(fieldsOf(sdk?.Agent).prototype));
  guardToolList(ownerOf(agent, 'getAllTools'));
}

/** Who executes a tool. */
export function provenanceOf(tool: unknown, agent: unknown): Provenance {
  const { type } = tool as SdkTool;
  if (type === 'hosted_tool') return 'hosted';
  const { tools, mcpServers } = fieldsOf(agent);
  const hasServers = Array.isArray(mcpServers) && mcpServers.length > 0;
  return hasServers && Array.isArray(tools) && !tools.includes(tool) ? 'mcp' : 'native';
}

function guardToolList(owner: Readonly<Record<string, unknown>>): void {
  const original = owner.getAllTools;
  if (typeof original !== 'function' || guarded in original) return;
  const getAllTools = async function getAllTools(this: unknown, ...args: readonly unknown[]) {
    const tools: unknown = await original.apply(this, args);
    return Array.isArray(tools) ? tools.filter(isOffered).map(guardTool) : tools;
  };
  Object.defineProperty(owner, 'getAllTools', {
    value: Object.assign(getAllTools, { [guarded]: true }),
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
function isOffered(tool: SdkTool): boolean {
  const scope = runScope.getStore();
  return !scope || tool.type === 'function' || verdictOn(tool, scope.request.verdicts) === 'allow';
}

function guardTool(tool: SdkTool): SdkTool {
  if (tool.type !== 'function') return tool;
  const guardrails = tool.inputGuardrails;
  if (guardrails?.some((guardrail) => fieldsOf(guardrail).name === guardName)) return tool;
  if (tool.invoke && guarded in tool.invoke) return tool;
  // Copies before 0.3 know no guardrails of tools; wrapping `invoke` is harmless only there.
  const change =
    guardrails || 'outputGuardrails' in tool
      ? { inputGuardrails: [policyGuardrail(tool), ...(guardrails ?? [])] }
      : { invoke: guardedInvoke(tool) };
  return Object.isFrozen(tool) ? { ...tool, ...change } : Object.assign(tool, change);
}

function policyGuardrail(tool: SdkTool): object {
  return {
    type: 'tool_input',
    name: guardName,
    run: async ({ toolCall }: { readonly toolCall?: unknown }) => {
      const { callId, arguments: args } = fieldsOf(toolCall);
      const message = await refusal(tool, String(callId ?? ''), args);
      return {
        behavior: message === null ? { type: 'allow' } : { type: 'rejectContent', message },
      };
    },
  };
}

function guardedInvoke(tool: SdkTool): NonNullable<SdkTool['invoke']> {
  const original = tool.invoke;
  const invoke: NonNullable<SdkTool['invoke']> = async (context, input, details) => {
    const { callId } = fieldsOf(fieldsOf(details).toolCall);
    const message = await refusal(tool, String(callId ?? tool.name ?? ''), input);
    return message ?? original?.call(tool, context, input, details);
  };
  return Object.assign(invoke, { [guarded]: true });
}

/** What the model is told instead of a result; null lets the call pass. */
async function refusal(tool: SdkTool, callId: string, args: unknown): Promise<string | null> {
  const scope = runScope.getStore();
  if (!scope) return null;
  const verdict = verdictOn(tool, scope.request.verdicts);
  if (verdict === 'allow') return null;
  if (verdict === 'ask') {
    const ask = scope.request.authorizeTool(tool.name ?? '', parsed(args));
    if (await ask.catch(() => false)) return null;
  }
  scope.activity.deny(callId);
  return `The tool ${tool.name} may not be called here.`;
}

function verdictOn(tool: SdkTool, verdicts: ToolVerdicts): ToolVerdict {
  const name = tool.name ?? '';
  return (Object.hasOwn(verdicts.tools, name) ? verdicts.tools[name] : null) ?? verdicts.otherwise;
}

function parsed(args: unknown): unknown {
  if (typeof args !== 'string') return args;
  try {
    return JSON.parse(args);
  } catch {
    return args;
  }
}
