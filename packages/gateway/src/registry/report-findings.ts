import type { Emit } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';
import type { DiscoveryFinding } from './discovery/discover.ts';
import { type LastKnownGood, notKeptCode } from './kept/last-known-good.ts';
import { reloadLoopCode } from './reload-backoff.ts';

type Reporter = { readonly emit: Emit };

/** What findings are about. */
export type Subject = {
  readonly agentId: string | null;
  readonly modulePath: string;
  readonly servingGeneration: number | null;
};

/** Reports all that is wrong with a module as of now, in place of what was reported before; nothing clears that. */
export function reportFindings(
  { emit }: Reporter,
  { agentId, modulePath, servingGeneration }: Subject,
  findings: readonly Finding[],
): void {
  emit({ type: 'findings_reported', agentId, modulePath, servingGeneration, findings });
}

/** Clears what was reported of a module that is no longer there. */
export function clearFindings(deps: Reporter, { agentId, modulePath }: FoundModule): void {
  reportFindings(deps, { agentId, modulePath, servingGeneration: null }, []);
}

/** Clears the finding that a module is loaded again and again, where it has one. */
export function clearReloadLoop(
  deps: Reporter & { readonly catalog: Pick<Catalog, 'get' | 'put'> },
  { agentId, modulePath }: FoundModule,
): void {
  const entry = deps.catalog.get(agentId);
  const findings = entry?.findings.filter(({ code }) => code !== reloadLoopCode) ?? [];
  if (!entry || findings.length === entry.findings.length) return;
  deps.catalog.put({ ...entry, findings });
  const servingGeneration = entry.status === 'ready' ? null : (entry.served?.generation ?? null);
  reportFindings(deps, { agentId, modulePath, servingGeneration }, findings);
}

/**
 * Keeps what serves once more, where that failed when it was loaded: the disk may have room again.
 *
 * @returns The entry without the finding about it, or as it was.
 */
export async function retryKeeping(
  deps: Reporter & { readonly lastKnownGood: Pick<LastKnownGood, 'keep'> },
  entry: CatalogEntry,
): Promise<CatalogEntry> {
  const { module, served, prints } = entry;
  const findings = entry.findings.filter(({ code }) => code !== notKeptCode);
  if (!served || findings.length === entry.findings.length) return entry;
  if (await deps.lastKnownGood.keep(module, served, prints)) return entry;
  const { agentId, modulePath } = module;
  reportFindings(deps, { agentId, modulePath, servingGeneration: null }, findings);
  return { ...entry, findings };
}

/**
 * Reports anew, at a start, on what an earlier gateway reported: a module that serves unchanged has what it loaded
 * with, and what went away has nothing.
 *
 * @param reported - Module paths of diagnostics that were kept.
 * @param fresh - Those that this start looks at itself.
 */
export function reportAfterRestart(
  deps: Reporter & { readonly catalog: Pick<Catalog, 'list'> },
  reported: Iterable<string>,
  fresh: ReadonlySet<string>,
): void {
  const entries = new Map(deps.catalog.list().map((entry) => [entry.module.modulePath, entry]));
  for (const modulePath of new Set(reported)) {
    if (fresh.has(modulePath)) continue;
    const entry = entries.get(modulePath);
    const agentId = entry?.module.agentId ?? null;
    reportFindings(deps, { agentId, modulePath, servingGeneration: null }, entry?.findings ?? []);
  }
}

/** Makes the report on folders and files that are no modules; what a look finds no more is cleared. */
export function createDiscoveryReport(
  deps: Reporter,
): (findings: readonly DiscoveryFinding[]) => void {
  const reported = new Set<string>();
  const say = (agentId: string | null, modulePath: string, findings: readonly Finding[]) =>
    reportFindings(deps, { agentId, modulePath, servingGeneration: null }, findings);
  return (findings) => {
    const now = Map.groupBy(findings, ({ modulePath }) => modulePath);
    for (const modulePath of reported) {
      if (now.has(modulePath)) continue;
      say(null, modulePath, []);
      reported.delete(modulePath);
    }
    for (const [modulePath, all] of now) {
      say(
        all[0]?.agentId ?? null,
        modulePath,
        all.map(({ finding }) => finding),
      );
      reported.add(modulePath);
    }
  };
}
