import { isDeepStrictEqual } from 'node:util';
import type { Emit } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { Catalog, CatalogEntry, ServedGeneration } from './catalog.ts';
import { reportFindings } from './report-findings.ts';

/**
 * Makes what judges all that serve anew, in one respect, when what it depends on changes without a change of their
 * files. It returns at once; an agent that is loaded meanwhile was judged with that.
 */
export function createJudgeAnew(deps: {
  readonly catalog: Pick<Catalog, 'list' | 'get' | 'put'>;
  /** Of the findings that `judge` finds; all others stay. */
  readonly codes: readonly string[];
  readonly judge: (served: ServedGeneration) => Promise<readonly Finding[]>;
  readonly emit: Emit;
}): () => void {
  const { catalog, codes, judge, emit } = deps;
  const judgeEntry = async ({ module, served }: CatalogEntry) => {
    if (!served) return;
    const judged = await judge(served);
    const now = catalog.get(module.agentId);
    if (now?.served !== served) return;
    const before = now.findings.filter(({ code }) => codes.includes(code));
    if (isDeepStrictEqual(judged, before)) return;
    const others = now.findings.filter(({ code }) => !codes.includes(code));
    const findings = [...others, ...judged];
    catalog.put({ ...now, findings });
    const { agentId, modulePath } = module;
    const servingGeneration = now.status === 'ready' ? null : served.generation;
    reportFindings({ emit }, { agentId, modulePath, servingGeneration }, findings);
  };
  return () => {
    for (const entry of catalog.list()) {
      judgeEntry(entry).catch((error: unknown) =>
        emit({ type: 'fault_survived', where: 'judge anew', error }),
      );
    }
  };
}
