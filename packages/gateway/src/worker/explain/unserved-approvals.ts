import type { Finding } from '../../protocol/diagnostics.ts';
import type { Manifest } from '../../protocol/records.ts';
import { type AgentShape, agentGraph, isAgent, toolAgents } from '../agent-shape.ts';
import { nestedSince } from '../approvals/interruption.ts';
import type { TopLevel } from '../load/choose-agent.ts';
import { describeAgent } from '../load/describe.ts';
import type { SdkCopy } from '../loaded-module.ts';
import { fieldsOf } from '../sdk.ts';
import { placeOf } from './code-place.ts';

/** The file that an agent is in, and what that has. */
type SourceOfAgent = {
  readonly entry: { readonly file: string; readonly text: string };
  readonly topLevel: TopLevel;
};

/** What of a module is served, and with which copy of the SDK. */
export type Served = {
  readonly kind: Manifest['kind'];
  /** Null where it is none. */
  readonly agent: AgentShape | null;
  readonly sdk: SdkCopy | null;
};

/**
 * Warns of tools that a person may have to approve where no run can wait for that: in what is no agent, and within agents
 * that are tools where the copy of the SDK is too old.
 */
export async function findUnservedApprovals(
  { kind, agent: served, sdk }: Served,
  source: SourceOfAgent,
): Promise<Finding[]> {
  if (kind === 'tool' || (served && waitsInside(sdk))) return [];
  const agents = served
    ? agentGraph(served).flatMap(toolAgents).flatMap(agentGraph)
    : Object.values(source.topLevel.values).filter(isAgent).flatMap(agentGraph);
  const described = await Promise.all([...new Set(agents)].map(describeAgent));
  return described.flatMap(({ name, tools }) =>
    tools
      .filter(({ needsApproval }) => needsApproval)
      .map((tool) => unserved(tool.name, name, { source, isInside: served !== null })),
  );
}

/** Whether a copy of the SDK goes on with a run that waits within an agent that is a tool. */
function waitsInside(sdk: SdkCopy | null): boolean {
  return 'hasPendingAgentToolRun' in fieldsOf(fieldsOf(sdk?.RunState).prototype);
}

function unserved(
  tool: string,
  agent: string,
  { source, isInside }: { readonly source: SourceOfAgent; readonly isInside: boolean },
): Finding {
  const { entry } = source;
  const why = isInside
    ? `Agent "${agent}" is a tool, and this copy of the SDK cannot wait within one`
    : 'What is served is no agent, whose run could wait for it';
  const hint = isInside
    ? `Use @openai/agents ${nestedSince} or newer.`
    : 'Export the agent itself in its place, so that its runs wait; or remove `needsApproval` where no person has to decide.';
  return {
    stage: 'load',
    code: 'approval_not_served',
    severity: 'warning',
    message: `\`${tool}\` of agent "${agent}" may need approval. ${why}: a run that calls it ends with \`approval_required\`.`,
    file: entry.file,
    ...placeOf(entry.text, /\bneedsApproval\b/),
    hint,
  };
}
