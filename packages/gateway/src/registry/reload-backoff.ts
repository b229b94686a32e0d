import { statSync } from 'node:fs';
import type { Finding } from '../protocol/diagnostics.ts';
import type { FoundModule } from '../protocol/module.ts';

/** Why a module is loaded: somebody asked, or files of it changed (absolute paths). */
export type LoadCause = 'asked' | ReadonlySet<string>;

/** The pause before a load, and what to report with it. */
export type Backoff = { readonly pauseMs: number; readonly finding: Finding | null };

/** Modules whose files never stand still, such as one that writes what it imports: their loads get pauses. */
export type ReloadBackoff = {
  /** Takes note of a load that begins. */
  readonly begin: (module: FoundModule, cause: LoadCause) => Backoff;
  /** Takes note of its end. */
  readonly end: (module: FoundModule) => void;
};

/** Code of the finding about such a module. */
export const reloadLoopCode = 'reloads_without_end';

/** So many loads in a row are let pass: a person may save that often while a module is loaded. */
const loadsWithoutPause = 4;
const firstPauseMs = 250;
const longestPauseMs = 5000;

const noBackoff: Backoff = { pauseMs: 0, finding: null };

export type ReloadBackoffDeps = {
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  /** When the last of these files changed, on the same clock; infinity where that cannot be told. */
  readonly changedAtMs: (paths: ReadonlySet<string>) => number;
};

type Loads = { readonly inARow: number; readonly loading: number; readonly endedAtMs: number };

export function createReloadBackoff({ nowMs, changedAtMs }: ReloadBackoffDeps): ReloadBackoff {
  const known = new Map<string, Loads>();
  const startsOver = (before: Loads | undefined, cause: LoadCause): before is undefined => {
    if (!before || cause === 'asked') return true;
    return before.loading === 0 && changedAtMs(cause) > before.endedAtMs;
  };
  return {
    begin(module, cause) {
      const before = known.get(module.agentId);
      const { loading = 0, endedAtMs = 0 } = before ?? {};
      const inARow = startsOver(before, cause) ? 0 : before.inARow + 1;
      known.set(module.agentId, { inARow, loading: loading + 1, endedAtMs });
      if (inARow < loadsWithoutPause || cause === 'asked') return noBackoff;
      const pauseMs = Math.min(firstPauseMs * 2 ** (inARow - loadsWithoutPause), longestPauseMs);
      return { pauseMs, finding: describe(module, cause) };
    },
    end({ agentId }) {
      const loads = known.get(agentId);
      if (loads) known.set(agentId, { ...loads, loading: loads.loading - 1, endedAtMs: nowMs() });
    },
  };
}

/** When the last of these files changed, in Unix milliseconds; infinity where none of them is there. */
export function lastChangeMs(paths: ReadonlySet<string>): number {
  const times = [...paths].flatMap((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats ? [Math.floor(stats.ctimeMs)] : [];
  });
  return times.length > 0 ? Math.max(...times) : Number.POSITIVE_INFINITY;
}

function describe({ entry }: FoundModule, changed: ReadonlySet<string>): Finding {
  const [file = entry] = changed;
  return {
    stage: 'load',
    code: reloadLoopCode,
    severity: 'warning',
    message:
      'It is loaded again and again, because this file changes while it is loaded. It now pauses before each load.',
    file,
    hint: 'If the module writes this file, let it write to one that it does not import; otherwise stop what does.',
  };
}
