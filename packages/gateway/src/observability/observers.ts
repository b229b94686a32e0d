import { createDecisionLog, type DecisionLog, type DecisionLogDeps } from './decision-log.ts';
import { createDiagnosticList, type DiagnosticList } from './diagnostic-list.ts';
import type { Events } from './event-emitter.ts';
import { hideOwn, type OwnRedaction } from './hide-words.ts';
import { createJournal, type Journal, type JournalDeps } from './journal/journal.ts';
import { createKeyUse, type KeyUse, type KeyUseDeps } from './key-use.ts';
import { createLog, type Log, type LogLevel, type LogOptions } from './log/log.ts';
import type { Measured } from './metrics/gauges.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { createToolTotals, type ToolTotals } from './metrics/tool-totals.ts';
import { createUsageTotals, type UsageTotals } from './metrics/usage-totals.ts';
import {
  createPersistDiagnostics,
  type PersistDiagnostics,
  type PersistDiagnosticsDeps,
} from './persist-diagnostics.ts';
import type { Secrets } from './secrets.ts';

/** Everything that listens to the events. */
export type Observers = {
  readonly log: Log;
  readonly diagnostics: DiagnosticList;
  readonly journal: Journal;
  readonly usage: UsageTotals;
  readonly toolTotals: ToolTotals;
  readonly persistDiagnostics: PersistDiagnostics;
  readonly decisionLog: DecisionLog;
  readonly keyUse: KeyUse;
  readonly metrics: Metrics;
};

/** Makes the listeners and adds them. */
export function createObservers(options: {
  readonly events: Events;
  readonly log: Pick<LogOptions, 'asTyped' | 'contents'> & {
    readonly level: LogLevel;
    readonly form: 'readable' | 'json' | 'none';
    readonly redact: OwnRedaction;
  };
  readonly store: {
    readonly diagnostics: PersistDiagnosticsDeps['store'];
    readonly decisions: DecisionLogDeps['store'];
    readonly keys: KeyUseDeps['store'];
    readonly journal: JournalDeps['store'];
  };
  /** What is kept of runs, and whether those of other gateways are in the store too. */
  readonly runs: Pick<JournalDeps, 'settings' | 'isShared'>;
  /** How many decisions are kept, and for how long. */
  readonly keep: DecisionLogDeps['keep'];
  /** Asked when metrics are. */
  readonly measured: Measured;
  /** Takes secrets out of all that is written or kept. */
  readonly secrets: Secrets;
}): Observers {
  const { emit, listen } = options.events;
  const { store, keep, secrets } = options;
  const redact = secrets.textOf;
  const nowMs = Date.now;
  const { level, form, asTyped, contents } = options.log;
  const { fields } = options.log.redact;
  const own = hideOwn(options.log.redact);
  const shown = { redact, asTyped, contents, hidden: { fields: new Set(fields), text: own } };
  const nowIso = () => new Date().toISOString();
  const diagnostics = createDiagnosticList(nowIso, redact);
  const observers: Observers = {
    diagnostics,
    journal: createJournal({ ...options.runs, store: store.journal, redact, emit }),
    usage: createUsageTotals(),
    toolTotals: createToolTotals(nowIso, secrets.own.text),
    persistDiagnostics: createPersistDiagnostics({
      list: diagnostics,
      store: store.diagnostics,
      emit,
    }),
    decisionLog: createDecisionLog({
      store: store.decisions,
      keep,
      redact: secrets.own.text,
      nowMs,
      emit,
    }),
    keyUse: createKeyUse({ store: store.keys, nowMs, emit }),
    metrics: createMetrics(options.measured, redact),
    log: createLog(
      form === 'none' ? { ...shown, level: 'silent', form: 'readable' } : { ...shown, level, form },
    ),
  };
  for (const { listener } of Object.values(observers)) listen(listener);
  return observers;
}
