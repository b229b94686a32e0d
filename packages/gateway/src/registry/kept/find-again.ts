import { GatewayError } from '../../errors.ts';
import type { CatalogEntry, ServedGeneration } from '../catalog.ts';
import { entryHashIn, mayLoad } from '../may-load.ts';
import type { SwapDeps } from '../swap-generation.ts';
import { filesHashOf } from './files-hash.ts';
import type { InterruptedFiles } from './interrupted-files.ts';

/** Of which files an agent is to run again: those that serve, or those that a run was of. */
export type WantedGeneration =
  | { readonly type: 'current' }
  | { readonly type: 'recorded'; readonly filesHash: string | null; readonly generation: number };

export type FoundGeneration = {
  readonly module: CatalogEntry['module'];
  readonly served: ServedGeneration;
};

/**
 * Finds a generation whose bytes are kept, whether or not it serves.
 *
 * @throws GatewayError `generation_gone`, `agent_unavailable` where nothing serves, `not_allowed` where rules do not let it load.
 */
export type FindAgain = (agentId: string, wanted: WantedGeneration) => Promise<FoundGeneration>;

export function createFindAgain(
  deps: Pick<SwapDeps, 'catalog' | 'lastKnownGood' | 'decide' | 'authorize' | 'emit'> & {
    readonly restore: InterruptedFiles['restore'];
  },
): FindAgain {
  return async (agentId, wanted) => {
    const entry = deps.catalog.get(agentId);
    const served = entry && (await find(deps, entry, wanted));
    if (!entry || !served) throw gone(agentId, wanted);
    if (mayLoad(deps, entry.module, entryHashIn(entry.module, served))) {
      return { module: entry.module, served };
    }
    throw new GatewayError('not_allowed', `Rules do not let these files of ${agentId} be loaded.`);
  };
}

async function find(
  { lastKnownGood, restore }: Pick<SwapDeps, 'lastKnownGood'> & Pick<InterruptedFiles, 'restore'>,
  { module, served }: CatalogEntry,
  wanted: WantedGeneration,
): Promise<ServedGeneration | null> {
  if (wanted.type === 'current') {
    if (served) return served;
    const message = `Nothing of ${module.agentId} serves now. GET /admin/agents/errors says why.`;
    throw new GatewayError('agent_unavailable', message, { mayRetry: false });
  }
  const { filesHash, generation } = wanted;
  if (served && filesHashOf(served) === filesHash) return served;
  const kept = await lastKnownGood.of(module.agentId);
  // Numbers are those of one gateway; without a hash it is the one that wrote them.
  const stored = kept.find((each) =>
    filesHash === null ? each.generation === generation : each.filesHash === filesHash,
  );
  const revived = stored ? await lastKnownGood.revive(stored, module) : null;
  if (revived || filesHash === null) return revived;
  const restored = await restore(module.agentId, filesHash);
  return restored && lastKnownGood.revive(restored, module);
}

function gone(agentId: string, wanted: WantedGeneration): GatewayError {
  const number = wanted.type === 'recorded' ? ` ${wanted.generation}` : '';
  return new GatewayError(
    'generation_gone',
    `The files of generation${number} of ${agentId} are not kept here any more. Run it with what serves now: --generation current, or "generation": "current".`,
  );
}
