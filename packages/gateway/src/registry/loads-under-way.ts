import { setTimeout as wait } from 'node:timers/promises';
import type { FoundModule } from '../protocol/module.ts';
import type { CatalogEntry } from './catalog.ts';
import { createRestless, type LoadCause, lastChangeMs } from './restless.ts';
import type { SwapOptions } from './swap-generation.ts';

type LoadOptions = Pick<SwapOptions, 'leaveEdits'> & { readonly cause: LoadCause };

/** The loads under way: one a module, each on its own. */
export type Loads = {
  readonly has: (agentId: string) => boolean;
  /**
   * Begins a load; one of the same module under way is given up first. Where it is given up itself the outcome is
   * that of the load that came after it, or null where the module went away.
   */
  readonly begin: (module: FoundModule, options: LoadOptions) => Promise<CatalogEntry | null>;
  /** The outcome of the load under way. */
  readonly join: (agentId: string) => Promise<CatalogEntry | null>;
  readonly abort: (agentId: string) => void;
};

/** What a load changed has begun the next one by then. */
const calmAfterMs = 600;

type Flight = {
  readonly abort: AbortController;
  readonly outcome: Promise<CatalogEntry | null>;
};

/** @param onCalm - Called when no other load follows one that was told to be restless. */
export function createLoads(
  swap: (module: FoundModule, options: SwapOptions) => Promise<CatalogEntry | null>,
  onCalm: (module: FoundModule) => void,
): Loads {
  const flights = new Map<string, Flight>();
  const restless = createRestless({ nowMs: Date.now, changedAtMs: lastChangeMs });
  const follow = async (agentId: string, flight: Flight): Promise<CatalogEntry | null> => {
    const entry = await flight.outcome;
    const later = flights.get(agentId);
    return entry === null && later && later !== flight ? follow(agentId, later) : entry;
  };
  return {
    has: (agentId) => flights.has(agentId),
    begin(module, { cause, ...options }) {
      const { agentId } = module;
      const { pauseMs, finding } = restless.begin(module, cause);
      const before = flights.get(agentId);
      before?.abort.abort(new Error('The module changed while it was loaded.'));
      const abort = new AbortController();
      const load = async () => {
        const { signal } = abort;
        await before?.outcome;
        // An abort ends the pause, and is looked at next.
        if (pauseMs > 0) await wait(pauseMs, null, { signal }).catch(() => null);
        return signal.aborted ? null : swap(module, { ...options, signal, finding });
      };
      const flight: Flight = {
        abort,
        outcome: load().finally(() => {
          restless.end(module);
          if (flights.get(agentId) !== flight) return;
          flights.delete(agentId);
          if (finding)
            setTimeout(() => flights.has(agentId) || onCalm(module), calmAfterMs).unref();
        }),
      };
      flights.set(agentId, flight);
      return follow(agentId, flight);
    },
    join: async (agentId) => {
      const flight = flights.get(agentId);
      return flight ? follow(agentId, flight) : null;
    },
    abort: (agentId) => flights.get(agentId)?.abort.abort(new Error('The module is gone.')),
  };
}
