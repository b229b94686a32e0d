import { sep } from 'node:path';
import type { RefreshReport } from '../protocol/admin/refresh-answer.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { StoredGeneration } from '../protocol/records.ts';
import { shareNext } from '../system/share-next.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';
import type { Discovery, DiscoveryFinding } from './discovery/discover.ts';
import { unchangedPrints } from './kept/fingerprint.ts';
import { pinFindings } from './kept/pin-findings.ts';
import type { LoadsUnderWay } from './loads-under-way.ts';
import { entryHashIn, mayLoad } from './may-load.ts';
import type { LoadCause } from './reload-backoff.ts';
import {
  clearFindings,
  createDiscoveryReport,
  reportAfterRestart,
  retryKeeping,
} from './report-findings.ts';
import { latestOf, retireLater, type SwapDeps } from './swap-generation.ts';
import { concerns } from './watch/concerns.ts';

export type SyncOptions = {
  /** Loads unchanged modules too. */
  readonly force: boolean;
  /** Absolute paths that changed: only modules made of one of them are looked at. Absent: all are. */
  readonly changed?: ReadonlySet<string>;
  /** Serves what was kept without looking at the files; for a start where edits wait for a refresh. */
  readonly leaveEdits?: boolean;
  /** Loads these alone: the others are known, and load when they change. Absent: all that have to be. */
  readonly isWanted?: (agentId: string) => boolean;
};

export type SyncDeps = SwapDeps & {
  readonly loads: LoadsUnderWay;
  /** Finds the modules, given the module path of what serves now under each model id. */
  readonly discover: (serving: ReadonlyMap<string, string>) => Promise<Discovery>;
  /** Module paths of diagnostics that an earlier gateway left; asked once, at the first call. */
  readonly reportedBefore: () => Iterable<string>;
  /** Called after each time with every file whose change is a reason to look again. */
  readonly onSynced: (files: readonly string[]) => void;
};

/**
 * Brings the catalog in line with the folders: new and changed modules are loaded and swapped in, vanished ones
 * removed, failed ones tried again. The first call takes over what an earlier gateway kept. Calls are chained and
 * never look at the same time; an edit of a module that still loads starts its load over. However many ask without
 * naming a change, they share the look that comes next; those that ask by force, also its loads.
 */
export type SyncAgents = (options: SyncOptions) => Promise<RefreshReport>;

export function createSyncAgents(deps: SyncDeps): SyncAgents {
  let tail: Promise<unknown> = Promise.resolve();
  let kept: Promise<ReadonlyMap<string, StoredGeneration>> | null = null;
  const reportDiscovery = createDiscoveryReport(deps);
  const lookInTurn = (options: SyncOptions): Promise<Looked> => {
    const looked = tail.then(async () => {
      kept ??= deps.lastKnownGood.list();
      return look({ ...deps, reportDiscovery, kept: await kept }, options);
    });
    // Only looking is chained: a module that takes its time to load delays no other and no later edit.
    tail = looked.catch(() => undefined);
    return looked;
  };
  const whenLoaded = async (looked: Promise<Looked>): Promise<RefreshReport> => {
    const { report, loading } = await looked;
    const entries = await Promise.all(loading);
    deps.onSynced(watchedFiles(deps.catalog));
    return withLoaded(report, entries);
  };
  const lookForAll = shareNext(() => lookInTurn({ force: false }));
  // Each would end the loads of the one before.
  const forceForAll = shareNext(() => whenLoaded(lookInTurn({ force: true })));
  return (options) => {
    const isSpecial = options.changed || options.leaveEdits || options.isWanted;
    if (isSpecial) return whenLoaded(lookInTurn(options));
    return options.force ? forceForAll() : whenLoaded(lookForAll());
  };
}

type SyncState = SyncDeps & {
  readonly reportDiscovery: (findings: readonly DiscoveryFinding[]) => void;
  /** What an earlier gateway kept, by model id. */
  readonly kept: ReadonlyMap<string, StoredGeneration>;
};

type Looked = {
  readonly report: RefreshReport;
  /** Loads that end in a swap; null where the module went away meanwhile. */
  readonly loading: readonly Promise<CatalogEntry | null>[];
};

/** Finds what changed, and begins the loads that it takes. */
async function look(state: SyncState, options: SyncOptions): Promise<Looked> {
  const { catalog, discover, loads } = state;
  const isFirst = !catalog.isScanned();
  const { modules, findings } = await discover(servingPaths(state));
  const leavesAll = options.leaveEdits && options.changed && !isFirst;
  const removed = leavesAll ? [] : await removeVanished(state, modules);
  if (isFirst) await serveKept(state, modules);
  const due = await dueModules(state, modules, options);
  const wanted = due.filter(({ agentId }) => options.isWanted?.(agentId) ?? true);
  const arePinned = await Promise.all(
    wanted.map(({ agentId }) => isPinned(state.catalog.get(agentId))),
  );
  const others = modules.filter((module) => !due.includes(module));
  // Who asks without naming a change waits for the loads under way too.
  const isJoined = ({ agentId }: FoundModule) => !options.changed && loads.has(agentId);
  const joined = new Set(others.filter(isJoined));
  for (const module of due) markLoading(state, module);
  if (isFirst) {
    const fresh = [...due, ...findings].map(({ modulePath }) => modulePath);
    reportAfterRestart(state, state.reportedBefore(), new Set(fresh));
  }
  catalog.markScanned();
  state.reportDiscovery(findings);
  const loading = [
    ...wanted.map((module, index) =>
      loads.begin(module, {
        cause: causeOf(module, options),
        ...(options.leaveEdits || arePinned[index] ? { leaveEdits: true } : {}),
      }),
    ),
    ...Array.from(joined, ({ agentId }) => loads.join(agentId)),
  ];
  state.onSynced(watchedFiles(catalog));
  return {
    report: {
      scanned: modules.length + findings.length,
      unchanged: others.filter((module) => !joined.has(module)).map(({ agentId }) => agentId),
      loaded: [],
      failed: [],
      removed,
      warnings: findings.map(({ finding }) => finding),
    },
    loading,
  };
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

async function removeVanished(
  state: SyncState,
  modules: readonly FoundModule[],
): Promise<string[]> {
  const { catalog, loads, kept, lastKnownGood } = state;
  const present = new Set(modules.map(({ agentId }) => agentId));
  const vanished = catalog.list().filter(({ module }) => !present.has(module.agentId));
  for (const { module, served } of vanished) {
    const { agentId, modulePath } = module;
    loads.abort(agentId);
    catalog.remove(agentId);
    clearFindings(state, module);
    state.emit({ type: 'agent_removed', agentId, modulePath });
    if (served) retireLater(state, agentId, served.generation);
    await lastKnownGood.forget(agentId);
  }
  if (!catalog.isScanned()) {
    for (const agentId of kept.keys())
      if (!present.has(agentId)) await lastKnownGood.forget(agentId);
  }
  return vanished.map(({ module }) => module.agentId);
}

/** Serves what an earlier gateway kept, without a load: a worker starts at the first run. */
async function serveKept(state: SyncState, modules: readonly FoundModule[]): Promise<void> {
  await Promise.all(
    modules.map(async (module) => {
      const stored = state.kept.get(module.agentId);
      const served = stored ? await state.lastKnownGood.revive(stored, module) : null;
      if (!stored || !served) return;
      const findings = [...stored.manifest.warnings, ...pinFindings(module, served.pinned)];
      const { prints } = stored;
      // What policy withholds is asked about, and refused aloud, by the load that follows.
      state.catalog.put(
        mayLoad(state, module, entryHashIn(module, served))
          ? { module, status: 'ready', served, findings, prints }
          : { module, status: 'failed', served: null, withheld: served, findings, prints },
      );
    }),
  );
}

/** Modules that have to be loaded, of those that there are. */
async function dueModules(
  state: SyncState,
  modules: readonly FoundModule[],
  options: SyncOptions,
): Promise<FoundModule[]> {
  const isDue = await Promise.all(modules.map((module) => mustLoad(state, module, options)));
  return modules.filter((_, index) => isDue[index]);
}

async function mustLoad(
  state: SyncState,
  module: FoundModule,
  { force, changed, leaveEdits }: SyncOptions,
): Promise<boolean> {
  const entry = state.catalog.get(module.agentId);
  // Where edits wait for a refresh a change is one of settings or secrets, and what is new waits too.
  if (!entry) return !(leaveEdits && changed);
  if (force || entry.module.entry !== module.entry) return true;
  if (state.loads.has(module.agentId)) return changed !== undefined && concerns(changed, entry);
  if (!entry.served) return !changed || concerns(changed, entry);
  if (entry.served.conditions !== (await state.conditions(module))) return true;
  if (changed && !concerns(changed, entry)) return false;
  if (leaveEdits) return changed !== undefined && entry.status !== 'ready';
  if (entry.status !== 'ready') return true;
  const prints = await unchangedPrints(entry.prints);
  if (prints) state.catalog.put(await retryKeeping(state, { ...entry, prints }));
  return prints === null;
}

function markLoading(state: SyncState, module: FoundModule): void {
  const { catalog } = state;
  const known = catalog.get(module.agentId);
  // Another file of the folder was the module before.
  if (known && known.module.modulePath !== module.modulePath) clearFindings(state, known.module);
  catalog.put({ prints: [], findings: [], served: null, ...known, module, status: 'loading' });
}

/** Whether an operator went back to what it serves and its files have not changed since. */
async function isPinned(entry: CatalogEntry | undefined): Promise<boolean> {
  if (!entry || !latestOf(entry)?.pinned) return false;
  return (await unchangedPrints(entry.prints)) !== null;
}

/** Of the paths that changed those in the module's folder come first, where there are any. */
function causeOf({ folder }: FoundModule, { changed }: SyncOptions): LoadCause {
  if (!changed) return 'asked';
  const own = new Set([...changed].filter((path) => path.startsWith(folder + sep)));
  return own.size > 0 ? own : changed;
}

/** Every file whose change is a reason to look again. */
export function watchedFiles(catalog: Pick<Catalog, 'list'>): string[] {
  return catalog.list().flatMap(({ prints }) => prints.map(({ path }) => path));
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
