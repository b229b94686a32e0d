import type { CatalogEntry } from './catalog.ts';
import type { FoundModule } from './discover.ts';
import type { SwapOptions } from './swap-generation.ts';

/** The loads under way: one a module, each on its own. */
export type Loads = {
  readonly has: (agentId: string) => boolean;
  /**
   * Begins a load; one of the same module under way is given up first. Where it is given up itself the outcome is
   * that of the load that came after it, or null where the module went away.
   */
  readonly begin: (
    module: FoundModule,
    options: Omit<SwapOptions, 'signal'>,
  ) => Promise<CatalogEntry | null>;
  /** The outcome of the load under way. */
  readonly join: (agentId: string) => Promise<CatalogEntry | null>;
  readonly abort: (agentId: string) => void;
};

type Flight = {
  readonly abort: AbortController;
  readonly outcome: Promise<CatalogEntry | null>;
};

export function createLoads(
  swap: (module: FoundModule, options: SwapOptions) => Promise<CatalogEntry | null>,
): Loads {
  const flights = new Map<string, Flight>();
  const follow = async (agentId: string, flight: Flight): Promise<CatalogEntry | null> => {
    const entry = await flight.outcome;
    const later = flights.get(agentId);
    return entry === null && later && later !== flight ? follow(agentId, later) : entry;
  };
  return {
    has: (agentId) => flights.has(agentId),
    begin(module, options) {
      const { agentId } = module;
      const before = flights.get(agentId);
      before?.abort.abort(new Error('The module changed while it was loaded.'));
      const abort = new AbortController();
      const load = async () => {
        await before?.outcome;
        return abort.signal.aborted ? null : swap(module, { ...options, signal: abort.signal });
      };
      const flight: Flight = {
        abort,
        outcome: load().finally(() => {
          if (flights.get(agentId) === flight) flights.delete(agentId);
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
