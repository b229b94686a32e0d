import { sep } from 'node:path';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { StoredGeneration } from '../protocol/records.ts';
import { calmDown } from './calm-down.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';
import { type DiscoverOptions, type DiscoveryFinding, discover } from './discovery/discover.ts';
import { keepAgain } from './keep-again.ts';
import { unchangedPrints } from './kept/fingerprint.ts';
import { createLoads, type Loads } from './loads-under-way.ts';
import { askToLoad, hashOf } from './may-load.ts';
import type { LoadCause } from './restless.ts';
import { report, retireLater, type SwapDeps, swapGeneration } from './swap-generation.ts';
import { takeBack } from './take-back.ts';
import { concerns } from './watch/touched.ts';

/** What a refresh did. Lists hold model ids; `warnings` what was found on the way. */
export type RefreshReport = {
  readonly scanned: number;
  readonly unchanged: readonly string[];
  readonly loaded: readonly string[];
  readonly failed: readonly string[];
  readonly removed: readonly string[];
  readonly warnings: readonly Finding[];
};

export type SyncOptions = {
  /** Loads unchanged modules too. */
  readonly force: boolean;
  /** Absolute paths that changed: only modules made of one of them are looked at. Absent: all are. */
  readonly changed?: ReadonlySet<string>;
  /** Serves what was kept without looking at the files; for a start where edits wait for a refresh. */
  readonly leaveEdits?: boolean;
};

export type SyncDeps = SwapDeps & {
  readonly discovery: Omit<DiscoverOptions, 'serving'>;
  /** Module paths of diagnostics that an earlier gateway left; asked once, at the first call. */
  readonly toldBefore: () => Iterable<string>;
  /** Called after each time with every file whose change is a reason to look again. */
  readonly onSynced: (files: readonly string[]) => void;
};

/**
 * Brings the catalog in line with the folders: new and changed modules are loaded and swapped in, vanished ones
 * removed, failed ones tried again. The first call takes over what an earlier gateway kept. Calls are chained and
 * never look at the same time; an edit of a module that still loads starts its load over.
 */
export type SyncAgents = (options: SyncOptions) => Promise<RefreshReport>;

export function createSyncAgents(deps: SyncDeps): SyncAgents {
  let tail: Promise<unknown> = Promise.resolve();
  let kept: Promise<ReadonlyMap<string, StoredGeneration>> | null = null;
  const misplaced = new Set<string>();
  const loads = createLoads(
    (module, options) => swapGeneration(deps, module, options),
    (module) => calmDown(deps, module),
  );
  return async (options) => {
    const looked = tail.then(async () => {
      kept ??= deps.lastKnownGood.list();
      return look({ ...deps, misplaced, loads, kept: await kept }, options);
    });
    // Only looking is chained: a module that takes its time to load delays no other and no later edit.
    tail = looked.catch(() => undefined);
    const { report, pending } = await looked;
    const loaded = await Promise.all(pending);
    deps.onSynced(watchedFiles(deps.catalog));
    return withLoaded(report, loaded);
  };
}

type SyncState = SyncDeps & {
  /** Paths that discovery reported, to clear what is mended. */
  readonly misplaced: Set<string>;
  readonly loads: Loads;
  readonly kept: ReadonlyMap<string, StoredGeneration>;
};

type Looked = {
  readonly report: RefreshReport;
  readonly pending: readonly Promise<CatalogEntry | null>[];
};

async function look(deps: SyncState, options: SyncOptions): Promise<Looked> {
  const { catalog, loads } = deps;
  const { modules, findings } = await discover({
    ...deps.discovery,
    serving: servingPaths(deps),
  });
  const removed = await removeVanished(deps, modules);
  await takeOver(deps, modules);
  const isDue = await Promise.all(modules.map((module) => mustLoad(deps, module, options)));
  const due = modules.filter((_, index) => isDue[index]);
  const isLoading = ({ agentId }: FoundModule) => !options.changed && loads.has(agentId);
  const joined = modules.filter((module, index) => !isDue[index] && isLoading(module));
  for (const module of due) {
    const known = catalog.get(module.agentId);
    if (known && known.module.modulePath !== module.modulePath) forgetPath(deps, known.module);
    catalog.put({ prints: [], findings: [], served: null, ...known, module, status: 'loading' });
  }
  if (!catalog.isScanned()) {
    const fresh = [...due, ...findings].map(({ modulePath }) => modulePath);
    takeBack(deps, deps.toldBefore(), new Set(fresh));
  }
  catalog.markScanned();
  reportMisplaced(deps, findings);
  const leaving = options.leaveEdits ? { leaveEdits: true } : {};
  const pending = [
    ...due.map((module) => loads.begin(module, { ...leaving, cause: causeOf(module, options) })),
    ...joined.map((module) => loads.join(module.agentId)),
  ];
  deps.onSynced(watchedFiles(catalog));
  const busy = new Set([...due, ...joined]);
  return {
    report: {
      scanned: modules.length + findings.length,
      unchanged: modules.filter((module) => !busy.has(module)).map(({ agentId }) => agentId),
      loaded: [],
      failed: [],
      removed,
      warnings: findings.map(({ finding }) => finding),
    },
    pending,
  };
}

/** Takes back what was said of the file that was the module before. */
function forgetPath(deps: SyncState, { agentId, modulePath }: FoundModule): void {
  report(deps, { agentId, modulePath, servingGeneration: null }, []);
}

/** Of the paths that changed those in the module's folder come first, where there are any. */
function causeOf({ folder }: FoundModule, { changed }: SyncOptions): LoadCause {
  if (!changed) return 'asked';
  const own = new Set([...changed].filter((path) => path.startsWith(folder + sep)));
  return own.size > 0 ? own : changed;
}

function withLoaded(
  report: RefreshReport,
  loaded: readonly (CatalogEntry | null)[],
): RefreshReport {
  const entries = loaded.filter((entry) => entry !== null);
  const ids = (some: readonly CatalogEntry[]) => some.map(({ module }) => module.agentId);
  return {
    ...report,
    loaded: ids(entries.filter(({ status }) => status === 'ready')),
    failed: ids(entries.filter(({ status }) => status !== 'ready')),
    warnings: [...report.warnings, ...entries.flatMap(({ findings }) => findings)],
  };
}

function watchedFiles(catalog: Catalog): string[] {
  return catalog.list().flatMap(({ prints }) => prints.map(({ path }) => path));
}

function reportMisplaced(deps: SyncState, findings: readonly DiscoveryFinding[]): void {
  const now = Map.groupBy(findings, ({ modulePath }) => modulePath);
  for (const modulePath of deps.misplaced) {
    if (now.has(modulePath)) continue;
    report(deps, { agentId: null, modulePath, servingGeneration: null }, []);
    deps.misplaced.delete(modulePath);
  }
  for (const [modulePath, all] of now) {
    const agentId = all[0]?.agentId ?? null;
    const said = all.map(({ finding }) => finding);
    report(deps, { agentId, modulePath, servingGeneration: null }, said);
    deps.misplaced.add(modulePath);
  }
}

/** Who keeps an id on a clash: what serves, and before the first sync what served last. */
function servingPaths({ catalog, kept }: SyncState): Map<string, string> {
  const before = [...kept.values()].map(
    ({ agentId, modulePath }) => [agentId, modulePath] as const,
  );
  const now = catalog
    .list()
    .filter(({ served }) => served)
    .map(({ module }) => [module.agentId, module.modulePath] as const);
  return new Map(catalog.isScanned() ? now : before);
}

async function removeVanished(deps: SyncState, modules: readonly FoundModule[]): Promise<string[]> {
  const { catalog, loads, kept, lastKnownGood } = deps;
  const present = new Set(modules.map(({ agentId }) => agentId));
  const vanished = catalog.list().filter(({ module }) => !present.has(module.agentId));
  for (const { module, served } of vanished) {
    const { agentId, modulePath } = module;
    loads.abort(agentId);
    catalog.remove(agentId);
    forgetPath(deps, module);
    deps.emit({ type: 'agent_removed', agentId, modulePath });
    if (served) retireLater(deps, agentId, served.generation);
    await lastKnownGood.forget(agentId);
  }
  if (!catalog.isScanned()) {
    for (const agentId of kept.keys())
      if (!present.has(agentId)) await lastKnownGood.forget(agentId);
  }
  return vanished.map(({ module }) => module.agentId);
}

/** Serves what an earlier gateway kept, without a load: a worker starts at the first run. */
async function takeOver(deps: SyncState, modules: readonly FoundModule[]): Promise<void> {
  if (deps.catalog.isScanned()) return;
  await Promise.all(
    modules.map(async (module) => {
      const stored = deps.kept.get(module.agentId);
      const served = stored ? await deps.lastKnownGood.revive(stored, module) : null;
      if (!stored || !served) return;
      const findings = stored.manifest.warnings;
      const { prints } = stored;
      // What policy withholds is asked about, and refused aloud, by the load that follows.
      deps.catalog.put(
        askToLoad(deps.decide, module, hashOf(module, served)).answer === 'allow'
          ? { module, status: 'ready', served, findings, prints }
          : { module, status: 'failed', served: null, withheld: served, findings, prints },
      );
    }),
  );
}

async function mustLoad(
  deps: SyncState,
  module: FoundModule,
  { force, changed, leaveEdits }: SyncOptions,
): Promise<boolean> {
  const entry = deps.catalog.get(module.agentId);
  if (force || !entry || entry.module.entry !== module.entry) return true;
  if (deps.loads.has(module.agentId)) return changed !== undefined && concerns(changed, entry);
  if (!entry.served) return !changed || concerns(changed, entry);
  if (entry.served.conditions !== deps.conditions()) return true;
  if (leaveEdits || (changed && !concerns(changed, entry))) return false;
  if (entry.status !== 'ready') return true;
  const prints = await unchangedPrints(entry.prints);
  if (prints) deps.catalog.put(await keepAgain(deps, { ...entry, prints }));
  return prints === null;
}
