import type { SdkCopy } from '../loaded-module.ts';
import { fieldsOf, nameOf, type SdkTool } from '../sdk.ts';
import { type GatewayTool, isGatewayTool, makeGatewayTool } from './gateway-tool.ts';
import { processTools } from './process-tools.ts';

/**
 * The tools of an agent with those that it is given: by its module's `__gateway__`, or by its namespace. A tool of the
 * module's own wins over one of the gateway that has its name.
 */
export function withGivenTools(tools: readonly SdkTool[], agent: unknown): readonly SdkTool[] {
  const names = processTools.isServed(agent) ? processTools.given() : [];
  const given = names.filter((name) => processTools.find(name) !== 'unknown').map(standIn);
  if (given.length === 0 && !tools.some(isGatewayTool)) return tools;
  const taken = new Set(tools.filter((tool) => !isGatewayTool(tool)).map(nameOf));
  return [...tools, ...(given as unknown as SdkTool[])].filter((tool) => {
    if (!isGatewayTool(tool)) return true;
    const isFirst = !taken.has(nameOf(tool));
    taken.add(nameOf(tool));
    return isFirst;
  });
}

function standIn(name: string): GatewayTool {
  return makeGatewayTool({ name, description: undefined, noCache: false });
}

/**
 * Gives gateway tools, about which the gateway decides, the policy that this copy of the SDK makes of "no approval". Any
 * other function it takes for a decision by the arguments, and stops a run where those are no object.
 */
export function createWithoutApproval(sdk: SdkCopy | null): (tool: SdkTool) => SdkTool {
  const make = sdk?.tool;
  if (typeof make !== 'function') return (tool) => tool;
  let policy: unknown;
  return (tool) => {
    policy ??= fieldsOf(make(neverCalled)).needsApproval;
    return Object.assign(tool, { needsApproval: policy });
  };
}

const neverCalled = {
  name: 'never_called',
  description: '',
  parameters: { type: 'object', properties: {}, required: [], additionalProperties: true },
  strict: false,
  execute: () => '',
};
