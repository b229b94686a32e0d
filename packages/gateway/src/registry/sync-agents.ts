import type { Emit } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { Decision, Question } from '../protocol/records.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';
import type { DiscoverOptions, DiscoveryFinding, FoundModule } from './discover.ts';
import { discover } from './discover.ts';
import { takePrints, unchangedPrints } from './fingerprint.ts';
import type { LoadAgent } from './load-agent.ts';

/** What a refresh did. Lists hold model ids; `warnings` what was found on the way. */
export type RefreshReport = {
  readonly scanned: number;
  readonly unchanged: readonly string[];
  readonly loaded: readonly string[];
  readonly failed: readonly string[];
  readonly removed: readonly string[];
  readonly warnings: readonly Finding[];
};

export type SyncDeps = {
  readonly discovery: Omit<DiscoverOptions, 'serving'>;
  readonly catalog: Catalog;
  readonly load: LoadAgent;
  readonly retire: (agentId: string, generation: number) => Promise<void>;
  readonly authorize: (question: Question) => Decision;
  readonly emit: Emit;
};

/**
 * Brings the catalog in line with the folders: new and changed modules are loaded and swapped in, vanished ones
 * removed, failed ones tried again. Calls are chained and never overlap. `force` loads unchanged ones too.
 */
export type SyncAgents = (options: { force: boolean }) => Promise<RefreshReport>;

export function createSyncAgents(deps: SyncDeps): SyncAgents {
  let tail: Promise<unknown> = Promise.resolve();
  const misplaced = new Set<string>();
  return (options) => {
    const next = tail.then(() => syncOnce({ ...deps, misplaced }, options));
    tail = next.catch(() => undefined);
    return next;
  };
}

/** `misplaced` remembers which paths discovery reported, to clear what is mended. */
type SyncState = SyncDeps & { readonly misplaced: Set<string> };

async function syncOnce(deps: SyncState, options: { force: boolean }): Promise<RefreshReport> {
  const { catalog } = deps;
  const found = await discover({ ...deps.discovery, serving: servingPaths(catalog) });
  const removed = removeVanished(deps, found.modules);
  const due: FoundModule[] = [];
  const unchanged: string[] = [];
  for (const module of found.modules) {
    if (!options.force && (await isUnchanged(catalog, module))) unchanged.push(module.agentId);
    else due.push(module);
  }
  for (const module of due) {
    const known = catalog.get(module.agentId);
    catalog.put({ prints: [], findings: [], served: null, ...known, module, status: 'loading' });
  }
  catalog.markScanned();
  reportMisplaced(deps, found.findings);
  const entries = await Promise.all(due.map((module) => loadOne(deps, module)));
  return {
    scanned: found.modules.length + found.findings.length,
    unchanged,
    loaded: entries.filter(({ status }) => status === 'ready').map(({ module }) => module.agentId),
    failed: entries.filter(({ status }) => status !== 'ready').map(({ module }) => module.agentId),
    removed,
    warnings: [
      ...found.findings.map(({ finding }) => finding),
      ...entries.flatMap(({ findings }) => findings),
    ],
  };
}

function reportMisplaced(deps: SyncState, findings: readonly DiscoveryFinding[]): void {
  const now = new Map(findings.map((each) => [each.modulePath, each]));
  for (const modulePath of deps.misplaced) {
    if (!now.has(modulePath)) {
      report(deps, { agentId: null, modulePath, servingGeneration: null }, []);
      deps.misplaced.delete(modulePath);
    }
  }
  for (const { agentId, modulePath, finding } of now.values()) {
    report(deps, { agentId, modulePath, servingGeneration: null }, [finding]);
    deps.misplaced.add(modulePath);
  }
}

function servingPaths(catalog: Catalog): Map<string, string> {
  return new Map(
    catalog
      .list()
      .filter(({ served }) => served)
      .map(({ module }) => [module.agentId, module.modulePath]),
  );
}

function removeVanished(deps: SyncDeps, modules: readonly FoundModule[]): string[] {
  const present = new Set(modules.map((module) => module.agentId));
  const vanished = deps.catalog.list().filter(({ module }) => !present.has(module.agentId));
  for (const { module, served } of vanished) {
    deps.catalog.remove(module.agentId);
    const { agentId, modulePath } = module;
    report(deps, { agentId, modulePath, servingGeneration: null }, []);
    deps.emit({ type: 'agent_removed', agentId, modulePath });
    if (served) retireInBackground(deps, module.agentId, served.generation);
  }
  return vanished.map(({ module }) => module.agentId);
}

async function isUnchanged(catalog: Catalog, module: FoundModule): Promise<boolean> {
  const entry = catalog.get(module.agentId);
  if (entry?.status !== 'ready' || entry.module.entry !== module.entry) return false;
  const prints = await unchangedPrints(entry.prints);
  if (prints) catalog.put({ ...entry, prints });
  return prints !== null;
}

async function loadOne(deps: SyncDeps, module: FoundModule): Promise<CatalogEntry> {
  const { agentId, modulePath } = module;
  const before = deps.catalog.get(agentId)?.served ?? null;
  const started = Date.now();
  const refusal = refusedByPolicy(deps, module);
  const result = refusal
    ? { served: null, findings: [refusal], watched: [module.entry] }
    : await deps.load(module, (before?.generation ?? 0) + 1);
  const served = result.served ?? before;
  const entry: CatalogEntry = {
    module,
    served,
    status: result.served ? 'ready' : before ? 'degraded' : 'failed',
    findings: result.findings,
    prints: result.served ? await takePrints(result.watched) : [],
  };
  // One assignment is the swap: a run that looks the agent up before it is on n, after it on n+1.
  deps.catalog.put(entry);
  const servingGeneration = result.served ? null : (before?.generation ?? null);
  report(deps, { agentId, modulePath, servingGeneration }, result.findings);
  if (result.served) {
    const { generation } = result.served;
    const loadMs = Date.now() - started;
    deps.emit({ type: 'agent_loaded', agentId, modulePath, generation, loadMs });
    if (before) retireInBackground(deps, agentId, before.generation);
  }
  return entry;
}

function refusedByPolicy(deps: SyncDeps, module: FoundModule): Finding | null {
  const { answer, rule } = deps.authorize({
    principal: { type: 'agent', id: module.agentId },
    action: 'load_module',
    resource: module.modulePath,
  });
  if (answer === 'allow') return null;
  return {
    stage: 'policy',
    code: 'load_denied',
    severity: 'error',
    message: `Policy does not let ${module.modulePath} load (rule ${rule?.id ?? 'none'}).`,
    file: module.entry,
    hint: 'Change the rule, or move the module below an allowed path.',
  };
}

type About = {
  readonly agentId: string | null;
  readonly modulePath: string;
  readonly servingGeneration: number | null;
};

function report(deps: SyncDeps, about: About, findings: readonly Finding[]): void {
  deps.emit({ type: 'findings_reported', ...about, findings });
}

function retireInBackground(deps: SyncDeps, agentId: string, generation: number): void {
  deps.retire(agentId, generation).catch((error: unknown) => {
    deps.emit({ type: 'fault_survived', where: `retiring ${agentId}`, error });
  });
}
