import type { Diagnostic } from '../protocol/diagnostics.ts';
import type { FilePrint, LoadedFile } from '../protocol/records.ts';
import type { CatalogEntry } from './catalog.ts';

/** A module as operators see it (`GET /admin/agents`), snake_case as shown. */
export type AgentStatus = {
  readonly id: string;
  readonly module_path: string;
  readonly status: CatalogEntry['status'];
  readonly generation: number | null;
  /** ISO 8601. */
  readonly loaded_at: string | null;
  readonly display_name: string;
  readonly description: string | null;
  readonly kind: string | null;
  readonly export: string | null;
  readonly exports: readonly string[];
  readonly model: { readonly name: string | null; readonly source: string } | null;
  readonly upstream: { readonly name: string; readonly source: string } | null;
  readonly tools: readonly string[];
  readonly handoffs: readonly string[];
  readonly guardrails: readonly string[];
  readonly sdk_version: string | null;
  /** What was loaded. `modified_at` is ISO 8601, of the file as it was then; null where that is not known. */
  readonly files: readonly {
    readonly path: string;
    readonly sha256: string;
    readonly modified_at: string | null;
  }[];
  readonly diagnostics: readonly Diagnostic[];
};

/** Puts together what is known of a module. `diagnostics` are those of this module. */
export function agentStatus(
  { module, status, served, prints }: CatalogEntry,
  diagnostics: readonly Diagnostic[],
): AgentStatus {
  const manifest = served?.manifest;
  const agents = manifest?.agents ?? [];
  return {
    id: module.agentId,
    module_path: module.modulePath,
    status,
    generation: served?.generation ?? null,
    loaded_at: served ? new Date(served.loadedAtSeconds * 1000).toISOString() : null,
    display_name: manifest?.settings.displayName ?? agents[0]?.name ?? module.name,
    description: manifest?.settings.description ?? null,
    kind: manifest?.kind ?? null,
    export: manifest?.exportName ?? null,
    exports: manifest?.exports ?? [],
    model: manifest?.model ?? null,
    upstream: manifest?.upstream ?? null,
    tools: unique(agents.flatMap(({ tools }) => tools.map(({ name }) => name))),
    handoffs: unique(agents.flatMap(({ handoffs }) => handoffs)),
    guardrails: unique(
      agents.flatMap((each) => [...each.inputGuardrails, ...each.outputGuardrails]),
    ),
    sdk_version: manifest?.sdk?.version ?? null,
    files: (manifest?.files ?? []).map((file) => ({
      ...file,
      modified_at: modifiedAt(file, prints),
    })),
    diagnostics,
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
