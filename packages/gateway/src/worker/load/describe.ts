import type { AgentDescription, ToolDescription } from '../../protocol/records.ts';
import { type AgentShape, handoffGraph, handoffTargets } from '../agent-shape.ts';
import { fieldsOf } from '../sdk.ts';
import { isGatewayTool } from '../tools/gateway-tool.ts';

/** Describes an agent and all that it can reach by handoff, itself first. Never throws. */
export function describeAgents(root: AgentShape): Promise<AgentDescription[]> {
  return Promise.all(handoffGraph(root).map(describeAgent));
}

/** Name of a model an agent holds; null where it holds none, or one that does not tell its name. */
export function modelName(agent: AgentShape): string | null {
  return textOf(agent.model) ?? textOf(fieldsOf(agent.model).model);
}

/** Describes one agent. Never throws. */
export async function describeAgent(agent: AgentShape): Promise<AgentDescription> {
  const fields = fieldsOf(agent);
  return {
    name: agent.name,
    model: modelName(agent),
    tools: await Promise.all(agent.tools.map(describeTool)),
    handoffs: handoffTargets(agent).map((target) => target.name),
    inputGuardrails: namesOf(fields.inputGuardrails),
    outputGuardrails: namesOf(fields.outputGuardrails),
    outputType: outputTypeOf(fields),
    mcpServers: namesOf(fields.mcpServers),
  };
}

async function describeTool(tool: unknown): Promise<ToolDescription> {
  const fields = fieldsOf(tool);
  return {
    name: textOf(fields.name) ?? 'unnamed',
    type: isGatewayTool(tool) ? 'gateway' : (textOf(fields.type) ?? 'function'),
    description: textOf(fields.description),
    needsApproval: !isGatewayTool(tool) && (await mayNeedApproval(fields.needsApproval)),
  };
}

/**
 * Whether a tool may ask for approval, by what it has for a policy. The SDK wraps a plain yes or no into a function, which can be asked; a function of the author's decides by the
 * arguments of a call, so it may ask for approval.
 */
export async function mayNeedApproval(policy: unknown): Promise<boolean> {
  if (typeof policy !== 'function') return policy === true;
  if (!Function.prototype.toString.call(policy).includes('options.needsApproval')) return true;
  try {
    return (await Reflect.apply(policy, undefined, [])) === true;
  } catch {
    return true;
  }
}

/** The SDK's getter throws for types it does not know. */
function outputTypeOf(fields: Readonly<Record<string, unknown>>): string {
  try {
    return textOf(fields.outputSchemaName) ?? 'text';
  } catch {
    return 'unknown';
  }
}

function namesOf(list: unknown): string[] {
  if (!Array.isArray(list)) return [];
  return list.map((entry) => textOf(fieldsOf(entry).name) ?? 'unnamed');
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
