import type { AgentKind, Manifest, ModuleSettings } from '../protocol/records.ts';
import type { InputMedium, Provenance, RunSettings } from '../protocol/run.ts';
import { type CatalogEntry, stateOf } from './catalog.ts';

/** What an agent takes and does, as far as one caller may know. */
export type AgentFacts = {
  readonly kind: AgentKind;
  readonly tools: readonly {
    readonly name: string;
    readonly provenance: Provenance;
    readonly needsApproval: boolean;
  }[];
  /** Whether chat requests that name a session are turns of a conversation that is kept. */
  readonly hasSessions: boolean;
  /** What becomes of tools that a caller sends. */
  readonly clientTools: NonNullable<ModuleSettings['clientTools']>;
  /** Beside text. */
  readonly accepts: readonly InputMedium[];
  /** Which settings of a request reach its models. */
  readonly settings: readonly (keyof RunSettings)[];
};

/** An agent as callers see it in the list of models. */
export type ModelInfo = {
  readonly id: string;
  readonly displayName: string;
  readonly description: string | null;
  readonly createdAtSeconds: number;
  readonly namespace: string;
  readonly model: Manifest['model'];
  readonly upstream: Manifest['upstream'];
  readonly status: CatalogEntry['status'];
  readonly facts: AgentFacts;
};

/** One line, or none for a module of which nothing ever loaded: it cannot answer. */
export function toModelInfo(
  entry: CatalogEntry,
  factsOf: (
    module: CatalogEntry['module'],
    served: NonNullable<CatalogEntry['served']>,
  ) => AgentFacts,
): ModelInfo[] {
  const { module, served } = entry;
  if (!served) return [];
  const { manifest, loadedAtSeconds } = served;
  const { settings, agents, model, upstream } = manifest;
  return [
    {
      id: module.agentId,
      displayName: settings.displayName ?? agents[0]?.name ?? module.name,
      description: settings.description ?? null,
      createdAtSeconds: loadedAtSeconds,
      namespace: module.agentId.split('/', 1)[0] ?? '',
      model,
      upstream,
      status: stateOf(entry),
      facts: factsOf(module, served),
    },
  ];
}
