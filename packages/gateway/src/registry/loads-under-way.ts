import { setTimeout as wait } from 'node:timers/promises';
import type { FoundModule } from '../protocol/module.ts';
import type { CatalogEntry } from './catalog.ts';
import { brokeOffCode } from './load-generation.ts';
import { createReloadBackoff, type LoadCause, lastChangeMs } from './reload-backoff.ts';
import type { SwapOptions } from './swap-generation.ts';

type LoadOptions = Pick<SwapOptions, 'leaveEdits'> & {
  readonly cause: LoadCause;
  /** What to do in place of a swap for the next generation. */
  readonly instead?: (signal: AbortSignal) => Promise<CatalogEntry | null>;
};

/** The loads under way: one a module, each on its own. */
export type LoadsUnderWay = {
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

/** What a load changed has begun the next one by then: without one the loop is over. */
const noReloadAfterMs = 600;

/** Pauses before a load that the gateway itself broke off is tried again, on a full disk say: each twice the one before. */
const firstPauseMs = 500;
const longestPauseMs = 4000;

type Load = {
  readonly abort: AbortController;
  readonly outcome: Promise<CatalogEntry | null>;
};

export type LoadsUnderWayDeps = {
  /** Loads and swaps; null where the outcome was not wanted any more. */
  readonly swap: (module: FoundModule, options: SwapOptions) => Promise<CatalogEntry | null>;
  /** Called when no other load follows one that had to pause. */
  readonly onLoopEnd: (module: FoundModule) => void;
};

export function createLoadsUnderWay({ swap, onLoopEnd }: LoadsUnderWayDeps): LoadsUnderWay {
  const loads = new Map<string, Load>();
  const backoff = createReloadBackoff({ nowMs: Date.now, changedAtMs: lastChangeMs });
  const again = createTriesAgain((module, options) => void begin(module, options));
  const outcomeOf = async (agentId: string, load: Load): Promise<CatalogEntry | null> => {
    const entry = await load.outcome;
    const later = loads.get(agentId);
    return entry === null && later && later !== load ? outcomeOf(agentId, later) : entry;
  };
  const begin: LoadsUnderWay['begin'] = (module, { cause, instead, ...options }) => {
    const { agentId } = module;
    again.stop(agentId);
    const { pauseMs, finding } = backoff.begin(module, cause);
    const before = loads.get(agentId);
    before?.abort.abort(new Error('The module changed while it was loaded.'));
    const abort = new AbortController();
    const pauseAndSwap = async () => {
      const { signal } = abort;
      await before?.outcome;
      // An abort ends the pause, and is looked at next.
      if (pauseMs > 0) await wait(pauseMs, null, { signal }).catch(() => null);
      if (signal.aborted) return null;
      if (instead) return instead(signal);
      const entry = await swap(module, { ...options, signal, finding });
      if (!signal.aborted) again.plan(module, options, entry);
      return entry;
    };
    const load: Load = {
      abort,
      outcome: pauseAndSwap().finally(() => {
        backoff.end(module);
        if (loads.get(agentId) !== load) return;
        loads.delete(agentId);
        if (finding)
          setTimeout(() => loads.has(agentId) || onLoopEnd(module), noReloadAfterMs).unref();
      }),
    };
    loads.set(agentId, load);
    return outcomeOf(agentId, load);
  };
  return {
    has: (agentId) => loads.has(agentId),
    begin,
    join: async (agentId) => {
      const load = loads.get(agentId);
      return load ? outcomeOf(agentId, load) : null;
    },
    abort(agentId) {
      again.stop(agentId);
      loads.get(agentId)?.abort.abort(new Error('The module is gone.'));
    },
  };
}

/** What broke off a load may be over at any time, and no file of the module will change then. */
function createTriesAgain(begin: (module: FoundModule, options: LoadOptions) => void) {
  const planned = new Map<string, { readonly pauseMs: number; readonly timer: NodeJS.Timeout }>();
  return {
    /** Another load is under way, or the module is gone. */
    stop: (agentId: string) => clearTimeout(planned.get(agentId)?.timer),
    plan(
      module: FoundModule,
      options: Pick<SwapOptions, 'leaveEdits'>,
      entry: CatalogEntry | null,
    ) {
      const { agentId } = module;
      const before = planned.get(agentId);
      planned.delete(agentId);
      if (!entry?.findings.some(({ code }) => code === brokeOffCode)) return;
      const pauseMs = before ? Math.min(before.pauseMs * 2, longestPauseMs) : firstPauseMs;
      const timer = setTimeout(() => begin(module, { ...options, cause: 'asked' }), pauseMs);
      planned.set(agentId, { pauseMs, timer: timer.unref() });
    },
  };
}
