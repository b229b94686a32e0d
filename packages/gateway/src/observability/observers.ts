import type { Events } from '../events.ts';
import { createRecentErrors, type RecentErrors } from './diagnostics.ts';
import {
  createKeepDecisions,
  type KeepDecisions,
  type KeepDecisionsDeps,
} from './keep-decisions.ts';
import { createKeepErrors, type KeepErrors, type KeepErrorsDeps } from './keep-diagnostics.ts';
import { createKeyUse, type KeyUse, type KeyUseDeps } from './key-use.ts';
import { createLog, type Log, type LogLevel } from './log.ts';
import type { WorkerLook } from './metric-set.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { createRecentRuns, type RecentRuns } from './recent-runs.ts';
import type { Redactor } from './redact.ts';
import { createUsageMeter, type UsageMeter } from './usage.ts';

/** Everything that listens to the events. */
export type Observers = {
  readonly log: Log;
  readonly recentErrors: RecentErrors;
  readonly recentRuns: RecentRuns;
  readonly usage: UsageMeter;
  readonly keepErrors: KeepErrors;
  readonly keepDecisions: KeepDecisions;
  readonly keyUse: KeyUse;
  readonly metrics: Metrics;
};

/** Makes the listeners and adds them. */
export function createObservers(options: {
  readonly events: Events;
  readonly log: { readonly level: LogLevel; readonly form: 'readable' | 'json' | 'none' };
  readonly store: {
    readonly diagnostics: KeepErrorsDeps['store'];
    readonly decisions: KeepDecisionsDeps['store'];
    readonly keys: KeyUseDeps['store'];
  };
  /** How many decisions are kept, and for how long. */
  readonly keep: KeepDecisionsDeps['keep'];
  /** Asked when metrics are. */
  readonly workers: () => readonly WorkerLook[];
  /** Takes secrets out of all that is written or kept. */
  readonly redact: Redactor['deep'];
}): Observers {
  const { emit, listen } = options.events;
  const { store, keep, redact } = options;
  const nowMs = Date.now;
  const { level, form } = options.log;
  const nowIso = () => new Date().toISOString();
  const recentErrors = createRecentErrors(nowIso, redact);
  const observers: Observers = {
    recentErrors,
    recentRuns: createRecentRuns(nowIso),
    usage: createUsageMeter(),
    keepErrors: createKeepErrors({ recent: recentErrors, store: store.diagnostics, emit }),
    keepDecisions: createKeepDecisions({ store: store.decisions, keep, redact, nowMs, emit }),
    keyUse: createKeyUse({ store: store.keys, nowMs, emit }),
    metrics: createMetrics(options.workers),
    log: createLog(
      form === 'none' ? { level: 'silent', form: 'readable', redact } : { level, form, redact },
    ),
  };
  for (const { listener } of Object.values(observers)) listen(listener);
  return observers;
}
