import type { Emit, EventOf, GatewayEvent } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import { foldStack } from '../protocol/text/fold-stack.ts';
import { type Catalog, type CatalogEntry, unsteadyCode } from './catalog.ts';
import { putEntry } from './swap-generation.ts';

export type FollowCrashesDeps = {
  readonly catalog: Catalog;
  readonly emit: Emit;
};

/**
 * Makes a listener that lists an agent as degraded while its process dies again and again, and says so once; until a
 * run of it finishes, or a new version is loaded.
 */
export function createFollowCrashes(deps: FollowCrashesDeps): (event: GatewayEvent) => void {
  const serving = ({ agentId, generation }: EventOf<'agent_steady' | 'agent_unsteady'>) => {
    const entry = deps.catalog.get(agentId);
    return entry?.served?.generation === generation ? entry : null;
  };
  return (event) => {
    if (event.type !== 'agent_unsteady' && event.type !== 'agent_steady') return;
    const entry = serving(event);
    if (!entry) return;
    const findings = entry.findings.filter(({ code }) => code !== unsteadyCode);
    const now = event.type === 'agent_unsteady' ? [...findings, describe(entry, event)] : findings;
    putEntry(deps, { ...entry, findings: now });
  };
}

function describe({ module }: CatalogEntry, event: EventOf<'agent_unsteady'>): Finding {
  const { detail, crashes } = event;
  const words = detail?.message.replace(/[.\s]+$/, '') ?? 'no cause is known';
  return {
    stage: 'load',
    code: unsteadyCode,
    severity: 'error',
    message: `Its process died ${crashes} times without a finished run between: ${words}.`,
    file: detail?.file ?? module.entry,
    ...(detail?.line === undefined ? {} : { line: detail.line }),
    ...(detail?.stack === undefined ? {} : { frame: foldStack(detail.stack) }),
    hint: `Mend what ends it and save, or go back: dropgate agents rollback ${module.agentId}`,
  };
}
