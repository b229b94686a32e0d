import type { Emit } from '../events.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';
import {
  authorizeLoad,
  describeDenial,
  entryHashIn,
  entryHashOnDisk,
  type ModulePolicy,
  mayLoad,
  wasDenied,
} from './may-load.ts';
import { reportFindings } from './report-findings.ts';
import { retireLater } from './swap-generation.ts';
import type { SyncAgents } from './sync-agents.ts';

export type FollowPolicyDeps = ModulePolicy & {
  readonly catalog: Catalog;
  readonly retire: (agentId: string, generation: number) => Promise<void>;
  readonly sync: SyncAgents;
  /** Whether edits wait for a refresh: then what was withheld comes back as it was. */
  readonly leaveEdits: boolean;
  readonly emit: Emit;
};

/**
 * Makes changed rules hold for modules, to be called at each change: what may not be loaded any more is served no
 * longer, from the moment of the call on (runs it has may end), and what was refused is tried again where it may load now.
 */
export function createFollowPolicy(deps: FollowPolicyDeps): () => void {
  const trying = new Map<string, Promise<void>>();
  return () => {
    for (const entry of deps.catalog.list()) {
      const { agentId } = entry.module;
      withdrawDenied(deps, entry);
      if (!trying.has(agentId) && !isDenied(deps, agentId)) continue;
      // One attempt at a time: rules may change again while one goes on.
      const attempt = (trying.get(agentId) ?? Promise.resolve())
        .then(() => retryDenied(deps, agentId))
        .catch((error: unknown) => survive(deps, error))
        .finally(() => {
          if (trying.get(agentId) === attempt) trying.delete(agentId);
        });
      trying.set(agentId, attempt);
    }
  };
}

function isDenied({ catalog }: FollowPolicyDeps, agentId: string): boolean {
  const entry = catalog.get(agentId);
  return entry !== undefined && wasDenied(entry);
}

function survive({ emit }: FollowPolicyDeps, error: unknown): void {
  emit({ type: 'fault_survived', where: 'following the rules about modules', error });
}

function withdrawDenied(deps: FollowPolicyDeps, entry: CatalogEntry): void {
  const { module, served, status } = entry;
  if (!served) return;
  const hash = entryHashIn(module, served);
  if (mayLoad(deps, module, hash)) return;
  const findings = [describeDenial(module, hash, authorizeLoad(deps, module, hash))];
  deps.catalog.put({
    ...entry,
    served: null,
    withheld: served,
    findings,
    status: status === 'loading' ? status : 'failed',
  });
  const { agentId, modulePath } = module;
  reportFindings(deps, { agentId, modulePath, servingGeneration: null }, findings);
  retireLater(deps, agentId, served.generation);
}

async function retryDenied(deps: FollowPolicyDeps, agentId: string): Promise<void> {
  const entry = deps.catalog.get(agentId);
  if (!entry || !wasDenied(entry)) return;
  const bytes = await allowedBytes(deps, entry);
  if (bytes === 'none') return;
  const changed = new Set([entry.module.entry]);
  await deps.sync({ force: false, changed, leaveEdits: bytes === 'kept' });
}

async function allowedBytes(
  deps: FollowPolicyDeps,
  { module, withheld }: CatalogEntry,
): Promise<'kept' | 'on_disk' | 'none'> {
  // First what takes time, then both answers by the same rules.
  const hash = await entryHashOnDisk(module);
  const isKeptAllowed = withheld && mayLoad(deps, module, entryHashIn(module, withheld));
  if (isKeptAllowed && deps.leaveEdits) return 'kept';
  if (mayLoad(deps, module, hash)) return 'on_disk';
  return isKeptAllowed ? 'kept' : 'none';
}
