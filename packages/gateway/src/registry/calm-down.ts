import type { FoundModule } from '../protocol/module.ts';
import type { Catalog } from './catalog.ts';
import { restlessCode } from './restless.ts';
import { report, type SwapDeps } from './swap-generation.ts';

/** Takes back that a module is loaded again and again, where that was said of it. */
export function calmDown(
  deps: Pick<SwapDeps, 'emit'> & { readonly catalog: Pick<Catalog, 'get' | 'put'> },
  { agentId, modulePath }: FoundModule,
): void {
  const entry = deps.catalog.get(agentId);
  const findings = entry?.findings.filter(({ code }) => code !== restlessCode) ?? [];
  if (!entry || findings.length === entry.findings.length) return;
  deps.catalog.put({ ...entry, findings });
  const servingGeneration = entry.status === 'ready' ? null : (entry.served?.generation ?? null);
  report(deps, { agentId, modulePath, servingGeneration }, findings);
}
