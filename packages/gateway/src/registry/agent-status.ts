import type { AgentStatus } from '../protocol/admin/agents-answer.ts';
import type { Diagnostic } from '../protocol/diagnostics.ts';
import type {
  AgentDescription,
  FilePrint,
  LoadedFile,
  ToolDescription,
} from '../protocol/records.ts';
import { provenanceOfListed } from '../protocol/tools/provenance-of.ts';
import { type CatalogEntry, stateOf } from './catalog.ts';
import { pinToJson } from './kept/describe-generations.ts';

/** What is known of a module beside what the catalog has of it. */
export type AgentNow = {
  /** Those of this module. */
  readonly diagnostics: readonly Diagnostic[];
  readonly activeRuns: number;
  readonly waitingRuns: number;
  /** Whether its own cases decide about a new version. */
  readonly isGated: boolean;
};

/** Puts together what is known of a module. */
export function agentStatus(entry: CatalogEntry, now: AgentNow): AgentStatus {
  const { module, served, prints } = entry;
  const manifest = served?.manifest;
  const agents = manifest?.agents ?? [];
  return {
    id: module.agentId,
    module_path: module.modulePath,
    language: module.language,
    status: stateOf(entry),
    generation: served?.generation ?? null,
    loaded_at: served ? new Date(served.loadedAtSeconds * 1000).toISOString() : null,
    load_ms: manifest?.loadMs ?? null,
    pinned: pinToJson(served?.pinned ?? null),
    display_name: manifest?.settings.displayName ?? agents[0]?.name ?? module.name,
    description: manifest?.settings.description ?? null,
    kind: manifest?.kind ?? null,
    export: manifest?.exportName ?? null,
    exports: manifest?.exports ?? [],
    model: manifest?.model ?? null,
    upstream: manifest?.upstream ?? null,
    tools: unique(agents.flatMap(({ tools }) => tools.map(({ name }) => name))),
    tool_details: toolDetails(agents),
    mcp_servers: unique(agents.flatMap(({ mcpServers }) => mcpServers)),
    handoffs: unique(agents.flatMap(({ handoffs }) => handoffs)),
    guardrails: unique(
      agents.flatMap((each) => [...each.inputGuardrails, ...each.outputGuardrails]),
    ),
    parts: agents.map(toPart),
    active_runs: now.activeRuns,
    waiting_runs: now.waitingRuns,
    tests_gate: now.isGated,
    sdk_version: manifest?.sdk?.version ?? null,
    files: (manifest?.files ?? []).map((file) => ({
      ...file,
      modified_at: modifiedAt(file, prints),
    })),
    diagnostics: now.diagnostics,
  };
}

function toPart(agent: AgentDescription): AgentStatus['parts'][number] {
  return {
    name: agent.name,
    model: agent.model,
    tools: agent.tools.map(({ name }) => name),
    handoffs: agent.handoffs,
    input_guardrails: agent.inputGuardrails,
    output_guardrails: agent.outputGuardrails,
    output_type: agent.outputType,
    mcp_servers: agent.mcpServers,
  };
}

/** Of two tools with one name, of two agents of a module, the first is told. */
function toolDetails(agents: readonly AgentDescription[]): AgentStatus['tool_details'] {
  const all = agents.flatMap(({ tools }) => tools);
  const byName = Map.groupBy(all, ({ name }) => name);
  return [...byName.values()].flatMap(([tool]) => (tool ? [toDetail(tool)] : []));
}

function toDetail(tool: ToolDescription): AgentStatus['tool_details'][number] {
  return {
    name: tool.name,
    provenance: provenanceOfListed(tool),
    description: tool.description,
    needs_approval: tool.needsApproval,
  };
}

/** The prints may be of a later file than the one that serves. */
function modifiedAt({ path, sha256 }: LoadedFile, prints: readonly FilePrint[]): string | null {
  const print = prints.find((each) => each.path === path && each.sha256 === sha256);
  return print?.mtimeMs ? new Date(print.mtimeMs).toISOString() : null;
}

function unique(names: readonly string[]): string[] {
  return [...new Set(names)];
}
