import type { ToolVerdict } from '../../protocol/policy.ts';
import { TOOL_NAME_LIMIT } from '../../protocol/worker/cut-texts.ts';
import type { ToolVerdicts } from '../../protocol/worker/messages.ts';

/** What a run may do with a tool, by its name. No rule speaks of a name that is too long. */
export function verdictOn(tool: string, verdicts: ToolVerdicts): ToolVerdict {
  if (isTooLong(tool)) return 'deny';
  return (Object.hasOwn(verdicts.tools, tool) ? verdicts.tools[tool] : null) ?? verdicts.otherwise;
}

/** Whether a name is longer than any that is called. */
export function isTooLong(tool: string): boolean {
  return tool.length > TOOL_NAME_LIMIT;
}

/** A name as the gateway is told of it. */
export function toldName(tool: string): string {
  return isTooLong(tool) ? tool.slice(0, TOOL_NAME_LIMIT) : tool;
}
