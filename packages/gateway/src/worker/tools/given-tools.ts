import { nameOf, type SdkTool } from '../sdk.ts';
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
