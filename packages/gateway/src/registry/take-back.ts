import type { Catalog } from './catalog.ts';
import { report, type SwapDeps } from './swap-generation.ts';

/**
 * Tells anew, at a start, of what an earlier gateway told of: a module that serves unchanged has what it loaded with,
 * and what went away has nothing.
 *
 * @param told - Module paths of diagnostics that were kept.
 * @param fresh - Those that this start looks at itself.
 */
export function takeBack(
  deps: Pick<SwapDeps, 'emit'> & { readonly catalog: Pick<Catalog, 'list'> },
  told: Iterable<string>,
  fresh: ReadonlySet<string>,
): void {
  const entries = new Map(deps.catalog.list().map((entry) => [entry.module.modulePath, entry]));
  for (const modulePath of new Set(told)) {
    if (fresh.has(modulePath)) continue;
    const entry = entries.get(modulePath);
    const agentId = entry?.module.agentId ?? null;
    report(deps, { agentId, modulePath, servingGeneration: null }, entry?.findings ?? []);
  }
}
