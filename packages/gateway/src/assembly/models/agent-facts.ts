import { principalOf } from '../../policy/authorize.ts';
import { toolVerdict } from '../../policy/rules/decide.ts';
import type { Caller } from '../../protocol/policy.ts';
import type { ToolDescription } from '../../protocol/records.ts';
import { provenanceOfListed } from '../../protocol/tools/provenance-of.ts';
import type { CatalogEntry } from '../../registry/catalog.ts';
import type { AgentFacts } from '../../registry/model-info.ts';
import { mediaTaken, settingsTaken } from '../../runs/check-run-input.ts';
import { toolQuestion } from '../../runs/tool-tables.ts';
import type { Parts } from '../agent-processes.ts';
import { hasSessions } from '../state/session-agent.ts';

type Deps = Pick<Parts, 'live' | 'policy' | 'nowSeconds'>;
type Served = NonNullable<CatalogEntry['served']>;

/** What a caller is told of an agent that it may see: of its tools, those that it may have called. */
export function createAgentFacts(deps: Deps) {
  return (caller: Caller, module: CatalogEntry['module'], { manifest }: Served): AgentFacts => {
    const { settings, agents, kind } = manifest;
    const tools = agents.flatMap((agent) => agent.tools);
    const mayCall = (tool: ToolDescription) => {
      const user = { ...module, key: principalOf(caller) };
      const question = toolQuestion(user, {
        tool: tool.name,
        provenance: provenanceOfListed(tool),
      });
      return toolVerdict(deps.policy.current(), question, deps.nowSeconds()) !== 'deny';
    };
    const seen = new Map(tools.filter(mayCall).map((tool) => [tool.name, tool]));
    return {
      kind,
      tools: [...seen.values()].map((tool) => ({
        name: tool.name,
        provenance: provenanceOfListed(tool),
        needsApproval: tool.needsApproval,
      })),
      hasSessions: hasSessions(deps, module.agentId, settings),
      clientTools: settings.clientTools ?? 'ignore',
      accepts: mediaTaken(manifest),
      settings: settingsTaken(manifest),
    };
  };
}
