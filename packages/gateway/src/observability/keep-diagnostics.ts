import type { Emit, GatewayEvent } from '../events.ts';
import type { Diagnostic } from '../protocol/diagnostics.ts';
import type { DiagnosticStore } from '../protocol/store.ts';
import type { RecentErrors } from './diagnostics.ts';

export type KeepErrorsDeps = {
  readonly recent: Pick<RecentErrors, 'restore' | 'all'>;
  readonly store: DiagnosticStore;
  readonly emit: Emit;
};

/** Carries diagnostics from one life of the gateway to the next. */
export type KeepErrors = {
  readonly listener: (event: GatewayEvent) => void;
  /** Takes over what the store has. A store that cannot be read is reported and the list begins empty. */
  readonly restore: () => Promise<void>;
  /** Writes what is not written yet. Never throws. */
  readonly flush: () => Promise<void>;
};

/** Changes are written together, at most this late. */
const writeAfterMs = 250;

const relevant: ReadonlySet<GatewayEvent['type']> = new Set([
  'findings_reported',
  'run_ended',
  'worker_ended',
]);

/** To be added as a listener after the one it keeps. */
export function createKeepErrors({ recent, store, emit }: KeepErrorsDeps): KeepErrors {
  let written: ReadonlyMap<string, Diagnostic> = new Map();
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();
  const survive = (error: unknown) => emit({ type: 'fault_survived', where: 'store', error });

  async function write(): Promise<void> {
    const now = new Map(recent.all().map((each) => [each.id, each]));
    const put = [...now.values()].filter((each) => written.get(each.id) !== each);
    const remove = [...written.keys()].filter((id) => !now.has(id));
    if (put.length === 0 && remove.length === 0) return;
    await store.change({ put, remove });
    written = now;
  }

  function flush(): Promise<void> {
    if (timer) clearTimeout(timer);
    timer = null;
    writing = writing.then(write).catch(survive);
    return writing;
  }

  return {
    listener(event) {
      if (relevant.has(event.type)) timer ??= setTimeout(flush, writeAfterMs).unref();
    },
    async restore() {
      const known = await store.list().catch((error: unknown) => {
        survive(error);
        return [];
      });
      written = new Map(known.map((each) => [each.id, each]));
      recent.restore(known);
    },
    flush,
  };
}
