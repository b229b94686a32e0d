import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Emit } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { FilePrint } from '../protocol/records.ts';
import type { Catalog, CatalogEntry, ServedGeneration } from './catalog.ts';
import { takePrints } from './kept/fingerprint.ts';
import type { LastKnownGood } from './kept/last-known-good.ts';
import type { LoadAgentResult } from './load-agent.ts';
import { askToLoad, hashOf, type LoadAllowedDeps, loadAllowed } from './may-load.ts';

export type SwapDeps = LoadAllowedDeps & {
  readonly catalog: Catalog;
  readonly lastKnownGood: LastKnownGood;
  /** What descriptions depend on beside the files, as a hash. */
  readonly conditions: () => string;
  readonly emit: Emit;
};

export type SwapOptions = {
  /** Loads the bytes of the generation before again instead of what lies on disk. */
  readonly leaveEdits?: boolean;
  /** Said of it beside what its load says. */
  readonly finding: Finding | null;
  /** Aborted when the outcome is no longer wanted. */
  readonly signal: AbortSignal;
};

/**
 * Loads the next generation of a module and swaps it in; while it loads, and when it fails, the one before serves.
 *
 * @returns The entry that is in the catalog afterwards; null where the outcome was not wanted any more.
 */
export async function swapGeneration(
  deps: SwapDeps,
  module: FoundModule,
  { leaveEdits, finding, signal }: SwapOptions,
): Promise<CatalogEntry | null> {
  const { agentId, modulePath } = module;
  const before = latestOf(deps.catalog.get(agentId));
  const startedMs = performance.now();
  const generation = (before?.generation ?? 0) + 1;
  const kept = leaveEdits ? before : null;
  const loaded = await loadAllowed(deps, module, { generation, kept, signal });
  const result = finding ? { ...loaded, findings: [...loaded.findings, finding] } : loaded;
  if (signal.aborted || result.gaveUp) {
    if (result.served) await deps.retire(agentId, generation);
    return null;
  }
  const entry = await toEntry(deps, { module, result });
  if (!deps.catalog.get(agentId)) {
    // Its folder went while this version was kept: nothing may bring it back.
    await deps.lastKnownGood.forget(agentId);
    if (result.served) await deps.retire(agentId, generation);
    return null;
  }
  if (result.served && mayNotServe(deps, module, result.served)) {
    // The rules changed while it loaded; the next attempt says so.
    await deps.retire(agentId, generation);
    return swapGeneration(deps, module, { ...(leaveEdits ? { leaveEdits } : {}), finding, signal });
  }
  // One assignment is the swap: a run that looks the agent up before it is on n, after it on n+1.
  deps.catalog.put(entry);
  const servingGeneration = result.served ? null : (entry.served?.generation ?? null);
  report(deps, { agentId, modulePath, servingGeneration }, entry.findings);
  if (result.served) {
    const loadMs = Math.round(performance.now() - startedMs);
    deps.emit({ type: 'agent_loaded', agentId, modulePath, generation, loadMs });
    if (before) retireLater(deps, agentId, before.generation);
  }
  return entry;
}

type Outcome = {
  readonly module: FoundModule;
  readonly result: LoadAgentResult;
};

async function toEntry(deps: SwapDeps, { module, result }: Outcome): Promise<CatalogEntry> {
  const prints = asLoaded(module, await takePrints(result.watched), result.served);
  const { served, findings } = result;
  if (!served) {
    // Not what served when the load began: policy may have withdrawn it meanwhile.
    const { served: before = null, withheld } = deps.catalog.get(module.agentId) ?? {};
    const status = before ? 'degraded' : 'failed';
    return { module, served: before, status, findings, prints, ...(withheld ? { withheld } : {}) };
  }
  const notKept = await deps.lastKnownGood.keep(module, served, prints);
  const all = notKept ? [...findings, notKept] : findings;
  return { module, served, status: 'ready', findings: all, prints };
}

function mayNotServe({ decide }: SwapDeps, module: FoundModule, served: ServedGeneration): boolean {
  return askToLoad(decide, module, hashOf(module, served)).answer === 'deny';
}

/** What serves, or would if policy let it. */
function latestOf(entry: CatalogEntry | undefined): ServedGeneration | null {
  return entry?.served ?? entry?.withheld ?? null;
}

/** Prints say what was loaded: a file that has changed since then must show as changed at the next look. */
function asLoaded(
  { folder }: FoundModule,
  prints: readonly FilePrint[],
  served: ServedGeneration | null,
): FilePrint[] {
  const loaded = new Map(served?.manifest.files.map(({ path, sha256 }) => [path, sha256]));
  if (served) loaded.set(join(folder, '.env'), served.envSha256 ?? '');
  return prints.map((print) => {
    const sha256 = loaded.get(print.path) ?? print.sha256;
    return sha256 === print.sha256 ? print : { ...print, sha256, mtimeMs: 0, changedMs: 0 };
  });
}

type About = {
  readonly agentId: string | null;
  readonly modulePath: string;
  readonly servingGeneration: number | null;
};

/** Says what is wrong with a module as of now; nothing clears what was said before. */
export function report(
  { emit }: Pick<SwapDeps, 'emit'>,
  about: About,
  findings: readonly Finding[],
): void {
  emit({ type: 'findings_reported', ...about, findings });
}

/** Lets a generation drain and end, without waiting for it. */
export function retireLater(
  deps: Pick<SwapDeps, 'retire' | 'emit'>,
  agentId: string,
  generation: number,
): void {
  const retire = async () => {
    // Whoever looked the generation up in this turn still gets to start its run on it.
    await setImmediate();
    await deps.retire(agentId, generation);
  };
  retire().catch((error: unknown) => {
    deps.emit({ type: 'fault_survived', where: `retiring ${agentId}`, error });
  });
}
