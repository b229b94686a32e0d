import { createDecisionLog, type DecisionLog, type DecisionLogDeps } from './decision-log.ts';
import { createDiagnosticList, type DiagnosticList } from './diagnostic-list.ts';
import type { Events } from './event-emitter.ts';
import { hideOwn, type OwnRedaction } from './hide-words.ts';
import { createJournal, type Journal, type JournalDeps } from './journal/journal.ts';
import { createKeyUse, type KeyUse, type KeyUseDeps } from './key-use.ts';
import { createEventRing, type EventRing } from './live/event-ring.ts';
import { createLog, type Log, type LogLevel, type LogOptions } from './log/log.ts';
import type { Measured } from './metrics/gauges.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { createToolTotals, type ToolTotals } from './metrics/tool-totals.ts';
import {
  createPersistDiagnostics,
  type PersistDiagnostics,
  type PersistDiagnosticsDeps,
} from './persist-diagnostics.ts';
import type { Secrets } from './secrets.ts';
import { createUsageLedger, type UsageLedger, type UsageLedgerDeps } from './usage/usage-ledger.ts';

/** Everything that listens to the events. */
export type Observers = {
  readonly log: Log;
  readonly diagnostics: DiagnosticList;
  readonly journal: Journal;
  readonly usage: UsageLedger;
  readonly toolTotals: ToolTotals;
  readonly persistDiagnostics: PersistDiagnostics;
  readonly decisionLog: DecisionLog;
  readonly keyUse: KeyUse;
  readonly metrics: Metrics;
  readonly liveEvents: EventRing;
};

/** Makes the listeners and adds them. */
export function createObservers(options: {
  readonly events: Events;
  readonly log: WantedLog;
  readonly store: {
    readonly diagnostics: PersistDiagnosticsDeps['store'];
    readonly decisions: DecisionLogDeps['store'];
    readonly keys: KeyUseDeps['store'];
    readonly journal: JournalDeps['store'];
    readonly usage: UsageLedgerDeps['store'];
  };
  /** Whether runs of other gateways are in the store too. */
  readonly isShared: boolean;
  /** What is kept of runs. */
  readonly runs: JournalDeps['settings'];
  /** How long usage is kept. */
  readonly keepUsageDays: UsageLedgerDeps['keepDays'];
  /** How many decisions are kept, and for how long. */
  readonly keep: DecisionLogDeps['keep'];
  /** Asked when metrics are. */
  readonly measured: Measured;
  /** Takes secrets out of all that is written or kept. */
  readonly secrets: Secrets;
}): Observers {
  const { emit, listen } = options.events;
  const { store, isShared, keep, keepUsageDays: keepDays, runs, secrets } = options;
  const redact = secrets.textOf;
  const nowMs = Date.now;
  const nowIso = () => new Date().toISOString();
  const list = createDiagnosticList(nowIso, redact);
  const observers: Observers = {
    diagnostics: list,
    journal: createJournal({ settings: runs, isShared, store: store.journal, redact, emit }),
    usage: createUsageLedger({ store: store.usage, keepDays, redact, nowMs, emit }),
    toolTotals: createToolTotals(nowIso, secrets.own.text),
    persistDiagnostics: createPersistDiagnostics({ list, store: store.diagnostics, emit }),
    decisionLog: createDecisionLog({
      store: store.decisions,
      keep,
      redact: secrets.own.text,
      nowMs,
      emit,
    }),
    keyUse: createKeyUse({ store: store.keys, nowMs, emit }),
    metrics: createMetrics(options.measured, redact),
    liveEvents: createEventRing({ nowMs, redact }),
    log: createLog(logOptions(options.log, redact)),
  };
  for (const { listener } of Object.values(observers)) listen(listener);
  return observers;
}

type WantedLog = Pick<LogOptions, 'asTyped' | 'contents'> & {
  readonly level: LogLevel;
  readonly form: 'readable' | 'json' | 'none';
  readonly redact: OwnRedaction;
};

function logOptions(wanted: WantedLog, redact: LogOptions['redact']): LogOptions {
  const { level, form, asTyped, contents } = wanted;
  const hidden = { fields: new Set(wanted.redact.fields), text: hideOwn(wanted.redact) };
  const shown = { redact, asTyped, contents, hidden };
  return form === 'none'
    ? { ...shown, level: 'silent', form: 'readable' }
    : { ...shown, level, form };
}
