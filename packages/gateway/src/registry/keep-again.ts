import type { CatalogEntry } from './catalog.ts';
import { notKeptCode } from './kept/last-known-good.ts';
import { report, type SwapDeps } from './swap-generation.ts';

/**
 * Keeps what serves once more, where that failed when it was loaded: the disk may have room again.
 *
 * @returns The entry without the finding about it, or as it was.
 */
export async function keepAgain(
  deps: Pick<SwapDeps, 'lastKnownGood' | 'emit'>,
  entry: CatalogEntry,
): Promise<CatalogEntry> {
  const { module, served, prints } = entry;
  const findings = entry.findings.filter(({ code }) => code !== notKeptCode);
  if (!served || findings.length === entry.findings.length) return entry;
  if (await deps.lastKnownGood.keep(module, served, prints)) return entry;
  const { agentId, modulePath } = module;
  report(deps, { agentId, modulePath, servingGeneration: null }, findings);
  return { ...entry, findings };
}
