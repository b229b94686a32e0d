import type { GatewayEvent } from '../events.ts';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';
import type { Catalog, CatalogEntry } from './catalog.ts';
import { portHeldCode } from './free-port.ts';

export type FollowPortsDeps = {
  readonly catalog: Pick<Catalog, 'get'>;
  /** Whether nothing runs in a generation. */
  readonly isIdle: (agentId: string, generation: number) => boolean;
  /** Loads what lies on disk. */
  readonly retry: (module: FoundModule) => void;
  /** Calls back after so long, unless the gateway stops before. */
  readonly later: (callback: () => void, afterMs: number) => void;
};

const firstPauseMs = 1000;

/** A load costs more than a look: where runs begin in each, they get rarer. */
const longestPauseMs = 30_000;

/**
 * Makes a listener that has a version tried again by itself which found its port held by the version that serves, as
 * soon as nothing runs in that one.
 */
export function createFollowPorts(deps: FollowPortsDeps): (event: GatewayEvent) => void {
  const tries = new Map<string, number>();
  const waiting = new Set<string>();
  const look = (agentId: string) => {
    waiting.delete(agentId);
    const entry = deps.catalog.get(agentId);
    const serving = entry?.served;
    if (!entry || !serving || !waitsForPort(entry)) return;
    if (!deps.isIdle(agentId, serving.generation)) {
      lookLater(agentId, firstPauseMs);
      return;
    }
    tries.set(agentId, (tries.get(agentId) ?? 0) + 1);
    deps.retry(entry.module);
  };
  const lookLater = (agentId: string, afterMs: number) => {
    if (waiting.has(agentId)) return;
    waiting.add(agentId);
    deps.later(() => look(agentId), afterMs);
  };
  return (event) => {
    if (event.type !== 'findings_reported' || event.agentId === null) return;
    const { agentId } = event;
    if (!event.findings.some(isHeld)) {
      tries.delete(agentId);
      return;
    }
    lookLater(agentId, Math.min(firstPauseMs * 2 ** (tries.get(agentId) ?? 0), longestPauseMs));
  };
}

/** An operator's pin is not to be ended by it. */
function waitsForPort({ findings, served }: CatalogEntry): boolean {
  return served?.pinned === null && findings.some(isHeld);
}

function isHeld({ code, severity }: Finding): boolean {
  return code === portHeldCode && severity === 'error';
}
