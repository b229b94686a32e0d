import { join, relative } from 'node:path';
import type { AgentGenerations, fileChanges } from '../../protocol/admin/generations-answer.ts';
import type { FoundModule } from '../../protocol/module.ts';
import type { Pin, StoredGeneration } from '../../protocol/records.ts';
import { type CatalogEntry, stateOf } from '../catalog.ts';
import { filesHashOf } from './files-hash.ts';

/** Enough of a hash to tell versions of one agent apart. */
const shortHashLength = 12;

type Change = { readonly path: string; readonly change: (typeof fileChanges)[number] };

/** Puts together what an agent can go back to. `kept` is of this agent, the newest first. */
export function describeGenerations(
  entry: CatalogEntry,
  kept: readonly StoredGeneration[],
): AgentGenerations {
  const { module, served } = entry;
  return {
    agent: module.agentId,
    status: stateOf(entry),
    pinned: pinToJson(served?.pinned ?? null),
    generations: kept.map((each, index) => {
      const before = kept[index + 1];
      const serves = each.generation === served?.generation;
      return {
        generation: each.generation,
        loaded_at: new Date(each.loadedAtSeconds * 1000).toISOString(),
        version: filesHashOf(each).slice(0, shortHashLength),
        files: each.manifest.files.length,
        changes: before ? changesBetween(module, before, each) : null,
        serves,
        pinned: serves && served.pinned !== null,
      };
    }),
  };
}

/** A pin as it is shown. */
export function pinToJson(pin: Pin | null) {
  return pin && { since: new Date(pin.sinceSeconds * 1000).toISOString(), by: pin.by };
}

function changesBetween(
  { folder }: FoundModule,
  before: StoredGeneration,
  after: StoredGeneration,
): Change[] {
  const [old, now] = [hashesOf(folder, before), hashesOf(folder, after)];
  const paths = [...new Set([...old.keys(), ...now.keys()])].toSorted();
  return paths.flatMap((path) => {
    if (old.get(path) === now.get(path)) return [];
    const change = old.has(path) ? (now.has(path) ? 'changed' : 'removed') : 'added';
    return [{ path: relative(folder, path), change }];
  });
}

function hashesOf(folder: string, { manifest, envSha256 }: StoredGeneration): Map<string, string> {
  const hashes = new Map(manifest.files.map(({ path, sha256 }) => [path, sha256]));
  if (envSha256 !== null) hashes.set(join(folder, '.env'), envSha256);
  return hashes;
}
