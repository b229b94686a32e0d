import type { ToolDescription } from '../records.ts';
import type { Provenance } from '../run.ts';

/** Who executes a tool that a manifest lists. Tools of MCP servers are known when they are asked, and so none of these. */
export function provenanceOfListed({ type }: Pick<ToolDescription, 'type'>): Provenance {
  if (type === 'gateway') return 'gateway';
  return type === 'hosted_tool' ? 'hosted' : 'native';
}
