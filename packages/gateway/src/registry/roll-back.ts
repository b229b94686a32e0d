import { GatewayError } from '../errors.ts';
import type { AgentGenerations, RollbackReport } from '../protocol/admin/generations-answer.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { Pin, StoredGeneration } from '../protocol/records.ts';
import type { CatalogEntry, ServedGeneration } from './catalog.ts';
import { chooseGeneration } from './kept/choose-generation.ts';
import { describeGenerations, pinToJson } from './kept/describe-generations.ts';
import { takePrints } from './kept/fingerprint.ts';
import { pinFindings } from './kept/pin-findings.ts';
import type { LoadsUnderWay } from './loads-under-way.ts';
import { entryHashIn, mayLoad } from './may-load.ts';
import { latestOf, loadAllowed, putEntry, retireLater, type SwapDeps } from './swap-generation.ts';

/** Going back to what an agent was. Agents are named by their model ids, `by` is the id of a key. */
export type RollBack = {
  /** @throws GatewayError `agent_not_found`; StoreError. */
  readonly generations: (agentId: string) => Promise<AgentGenerations>;
  /**
   * Serves a kept generation, which is loaded first, until the agent's files change; while it loads, and where it does
   * not, what served before serves on.
   *
   * @param wanted - Null for the newest that is older than what serves.
   * @throws GatewayError `agent_not_found`, `record_not_found`, `not_allowed`, `agent_unavailable`; StoreError.
   */
  readonly rollBack: (
    agentId: string,
    wanted: { readonly to: number | null; readonly by: string },
  ) => Promise<RollbackReport>;
  /**
   * Loads what lies on disk, where an operator went back; a failure leaves the generation serving.
   *
   * @throws GatewayError `agent_not_found`, `invalid_request` where nobody went back.
   */
  readonly release: (agentId: string, by: string) => Promise<RollbackReport>;
};

export type RollBackDeps = SwapDeps & {
  readonly loads: LoadsUnderWay;
  readonly onSynced: () => void;
  /** Unix seconds. */
  readonly nowSeconds: () => number;
};

export function createRollBack(deps: RollBackDeps): RollBack {
  const { catalog, lastKnownGood, loads } = deps;
  const entryOf = (agentId: string): CatalogEntry => {
    const entry = catalog.get(agentId);
    if (!entry) throw notFound(agentId);
    return entry;
  };
  return {
    async generations(agentId) {
      const kept = await lastKnownGood.of(agentId);
      return describeGenerations(entryOf(agentId), kept);
    },
    async rollBack(agentId, { to, by }) {
      const { module } = entryOf(agentId);
      const kept = await lastKnownGood.of(agentId);
      const serving = latestOf(entryOf(agentId))?.generation ?? null;
      const stored = chooseGeneration(agentId, kept, { wanted: to, serving });
      const pin = { sinceSeconds: deps.nowSeconds(), by };
      let failure: GatewayError | null = changedMeanwhile(agentId);
      const entry = await loads.begin(module, {
        cause: 'asked',
        instead: async (signal) => {
          const result = await swapBack(deps, module, { stored, pin, signal });
          failure = result.failure;
          return result.entry;
        },
      });
      deps.onSynced();
      if (!entry) throw notFound(agentId);
      if (failure) throw failure;
      return toReport(entry);
    },
    async release(agentId, by) {
      const entry = entryOf(agentId);
      const { module } = entry;
      if (!latestOf(entry)?.pinned) {
        throw new GatewayError(
          'invalid_request',
          `${agentId} is not rolled back: nothing holds it.`,
        );
      }
      await unpin(deps, entry);
      deps.emit({ type: 'agent_released', agentId, modulePath: module.modulePath, by });
      const loaded = await loads.begin(module, { cause: 'asked' });
      deps.onSynced();
      if (!loaded) throw notFound(agentId);
      return toReport(loaded);
    },
  };
}

type Wanted = {
  readonly stored: StoredGeneration;
  readonly pin: Pin;
  readonly signal: AbortSignal;
};

/** `entry` is what holds afterwards; null where the outcome was not wanted any more. */
type Outcome = { readonly entry: CatalogEntry | null; readonly failure: GatewayError | null };

async function swapBack(deps: RollBackDeps, module: FoundModule, wanted: Wanted): Promise<Outcome> {
  const { stored, pin, signal } = wanted;
  const { agentId, modulePath } = module;
  const paths = [...(deps.catalog.get(agentId)?.prints ?? []), ...stored.prints];
  // As the files are now: what differs from the generation is what nobody wants to be loaded.
  const prints = await takePrints(paths.map(({ path }) => path));
  const loaded = await servedAgain(deps, module, wanted);
  const before = deps.catalog.get(agentId);
  if (loaded instanceof GatewayError) return { entry: settled(deps, before), failure: loaded };
  const isLive = before?.served?.generation === stored.generation;
  if (signal.aborted || !before) {
    if (!isLive) await deps.retire(agentId, stored.generation);
    return { entry: null, failure: changedMeanwhile(agentId) };
  }
  const served = { ...loaded, pinned: pin, loadedAtSeconds: stored.loadedAtSeconds };
  const notKept = await deps.lastKnownGood.keep(module, served, prints);
  const warnings = [...served.manifest.warnings, ...(notKept ? [notKept] : [])];
  const findings = [...warnings, ...pinFindings(module, pin)];
  const entry: CatalogEntry = { module, status: 'ready', served, findings, prints };
  putEntry(deps, entry);
  const { generation } = served;
  deps.emit({ type: 'agent_rolled_back', agentId, modulePath, generation, by: pin.by });
  const replaced = latestOf(before);
  if (replaced && replaced.generation !== generation)
    retireLater(deps, agentId, replaced.generation);
  return { entry, failure: null };
}

/** The generation in a worker, or why it is in none. */
async function servedAgain(
  deps: RollBackDeps,
  module: FoundModule,
  { stored, signal }: Wanted,
): Promise<ServedGeneration | GatewayError> {
  const { agentId } = module;
  const { generation } = stored;
  const live = deps.catalog.get(agentId)?.served;
  if (live?.generation === generation) return live;
  const kept = await deps.lastKnownGood.revive(stored, module);
  if (!kept) return notWhole(agentId, generation);
  const { served, findings } = await loadAllowed(deps, module, { generation, kept, signal });
  if (!served) return notLoaded(agentId, generation, findings);
  if (mayLoad(deps, module, entryHashIn(module, served))) return served;
  await deps.retire(agentId, generation);
  return changedMeanwhile(agentId);
}

/** Leaves what served as it was; a load that this one ended is over too. */
function settled(deps: RollBackDeps, entry: CatalogEntry | undefined): CatalogEntry | null {
  if (entry?.status !== 'loading') return entry ?? null;
  const left: CatalogEntry = { ...entry, status: entry.served ? 'degraded' : 'failed' };
  deps.catalog.put(left);
  return left;
}

async function unpin(deps: RollBackDeps, entry: CatalogEntry): Promise<void> {
  const { module, served, withheld, prints } = entry;
  const free = served && { ...served, pinned: null };
  const rest = withheld ? { withheld: { ...withheld, pinned: null } } : {};
  deps.catalog.put({ ...entry, ...rest, served: free, status: 'loading' });
  // Or a restart would hold it again.
  if (free) await deps.lastKnownGood.keep(module, free, prints);
}

function toReport({ module, status, served, findings }: CatalogEntry): RollbackReport {
  return {
    agent: module.agentId,
    status,
    generation: served?.generation ?? null,
    pinned: pinToJson(served?.pinned ?? null),
    findings,
  };
}

function notFound(agentId: string): GatewayError {
  const message = `There is no agent ${agentId}. GET /admin/agents lists them.`;
  return new GatewayError('agent_not_found', message, { param: 'agent' });
}

function notWhole(agentId: string, generation: number): GatewayError {
  return new GatewayError(
    'record_not_found',
    `Generation ${generation} of ${agentId} cannot serve again: its kept files are gone, or what runs it or a secret that it is given is.`,
    { param: 'to' },
  );
}

function notLoaded(
  agentId: string,
  generation: number,
  findings: readonly Finding[],
): GatewayError {
  const worst = findings.find(({ severity }) => severity === 'error') ?? findings[0];
  const why = worst ? `: ${worst.message.replace(/[.\s]+$/, '')}` : '';
  const text = `Generation ${generation} of ${agentId} was not loaded${why}. What served before serves on.`;
  const code = worst?.stage === 'policy' ? 'not_allowed' : 'agent_unavailable';
  return new GatewayError(code, text, { mayRetry: false, adminDetail: findings });
}

function changedMeanwhile(agentId: string): GatewayError {
  return new GatewayError(
    'agent_unavailable',
    `${agentId} changed while it was rolled back, and serves what it changed to. Look at it, then roll it back again.`,
    { mayRetry: false },
  );
}
