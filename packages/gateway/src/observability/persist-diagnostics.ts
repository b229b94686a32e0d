import type { Emit, GatewayEvent } from '../events.ts';
import type { Diagnostic } from '../protocol/diagnostics.ts';
import type { DiagnosticStore } from '../protocol/store.ts';
import type { DiagnosticList } from './diagnostic-list.ts';

export type PersistDiagnosticsDeps = {
  readonly list: Pick<DiagnosticList, 'restore' | 'all'>;
  readonly store: DiagnosticStore;
  readonly emit: Emit;
};

/** Carries diagnostics from one life of the gateway to the next. */
export type PersistDiagnostics = {
  readonly listener: (event: GatewayEvent) => void;
  /** Takes over what the store has. A store that cannot be read is reported and the list begins empty. */
  readonly restore: () => Promise<void>;
  /** Writes what is not written yet. Never throws. */
  readonly flush: () => Promise<void>;
};

/** Changes are written together, at most this late. */
const writeAfterMs = 250;

/** Events after which the list may differ. */
const mayChange: Readonly<Record<GatewayEvent['type'], boolean>> = {
  findings_reported: true,
  findings_acknowledged: true,
  run_ended: true,
  tool_called: true,
  worker_ended: true,
  gateway_started: false,
  gateway_stopping: false,
  agent_loaded: true,
  agent_removed: false,
  agent_rolled_back: false,
  agent_released: false,
  agent_unsteady: false,
  agent_steady: false,
  run_started: false,
  model_called: false,
  access_decided: false,
  approval_asked: false,
  approval_answered: false,
  approval_applied: false,
  request_ended: false,
  run_said: false,
  run_handed_off: false,
  queue_changed: false,
  store_used: false,
  spans_exported: false,
  settings_read: false,
  request_failed: false,
  worker_started: false,
  worker_output: false,
  outside_calls_refused: true,
  unread_refused: false,
  upstream_chosen: false,
  upstream_misplaced: false,
  upstream_cooling: false,
  upstream_recovered: false,
  model_retiring: false,
  policy_changed: false,
  key_expiring: false,
  issuer_keys_read: false,
  issuer_keys_failed: false,
  fault_survived: false,
};

/** To be added as a listener after the one it keeps. */
export function createPersistDiagnostics({
  list,
  store,
  emit,
}: PersistDiagnosticsDeps): PersistDiagnostics {
  let written: ReadonlyMap<string, Diagnostic> = new Map();
  let timer: NodeJS.Timeout | null = null;
  let writing: Promise<void> = Promise.resolve();
  const reportFault = (error: unknown) => emit({ type: 'fault_survived', where: 'store', error });

  async function write(): Promise<void> {
    const now = new Map(list.all().map((each) => [each.id, each]));
    const put = [...now.values()].filter((each) => written.get(each.id) !== each);
    const remove = [...written.keys()].filter((id) => !now.has(id));
    if (put.length === 0 && remove.length === 0) return;
    await store.change({ put, remove });
    written = now;
  }

  function flush(): Promise<void> {
    if (timer) clearTimeout(timer);
    timer = null;
    writing = writing.then(write).catch(reportFault);
    return writing;
  }

  return {
    listener(event) {
      if (mayChange[event.type]) timer ??= setTimeout(flush, writeAfterMs).unref();
    },
    async restore() {
      const known = await store.list().catch((error: unknown) => {
        reportFault(error);
        return [];
      });
      written = new Map(known.map((each) => [each.id, each]));
      list.restore(known);
    },
    flush,
  };
}
