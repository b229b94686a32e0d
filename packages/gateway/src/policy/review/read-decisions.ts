import type { DecisionRecord } from '../../protocol/policy.ts';
import type { DecisionPage, DecisionQuery } from '../../protocol/security/decision-query.ts';
import type { DecisionStore } from '../../protocol/store.ts';
import { createScopeView, type Scopes } from '../rules/scopes.ts';

/** A page of the decision log, with what the viewer's scopes reach. */
export type ReadDecisions = (viewer: Scopes, query: DecisionQuery) => Promise<DecisionPage>;

/** Decisions read at once where most may be out of reach. */
const scanSize = 500;

/** Most decisions looked at for one page: a page may be short, or empty, and still have a `next`. */
const scanLimit = 5000;

/** @param list - Newest first; `after` is the id of a decision, and what is older follows. */
export function createReadDecisions(list: DecisionStore['list']): ReadDecisions {
  return async (viewer, query) => {
    const view = createScopeView(viewer);
    if (view.isWhole) return list(query);
    const decisions: DecisionRecord[] = [];
    let position = query;
    for (let scanned = 0; scanned < scanLimit; scanned += scanSize) {
      const page = await list({ ...position, limit: scanSize });
      for (const decision of page.decisions) {
        if (!view.showsDecision(decision)) continue;
        decisions.push(decision);
        if (decisions.length === query.limit) return { decisions, next: decision.id };
      }
      if (page.next === null) return { decisions, next: null };
      position = { ...query, after: page.next };
    }
    return { decisions, next: position.after ?? null };
  };
}
