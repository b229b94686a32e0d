import type { Manifest } from '../protocol/records.ts';
import { type CatalogEntry, stateOf } from './catalog.ts';

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
};

/** One line, or none for a module of which nothing ever loaded: it cannot answer. */
export function toModelInfo(entry: CatalogEntry): ModelInfo[] {
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
    },
  ];
}
