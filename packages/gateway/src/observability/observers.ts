import type { Events } from '../events.ts';
import { createKeepErrors, type KeepErrors, type KeepErrorsDeps } from './keep-errors.ts';
import { createLog, type Log, type LogLevel } from './log.ts';
import { createRecentErrors, type RecentErrors } from './recent-errors.ts';
import { createRecentRuns, type RecentRuns } from './recent-runs.ts';
import { createUsageMeter, type UsageMeter } from './usage.ts';

/** Everything that listens to the events. */
export type Observers = {
  readonly log: Log;
  readonly recentErrors: RecentErrors;
  readonly recentRuns: RecentRuns;
  readonly usage: UsageMeter;
  readonly keepErrors: KeepErrors;
};

/** Makes the listeners and adds them. */
export function createObservers(options: {
  readonly events: Events;
  readonly log: { readonly level: LogLevel; readonly form: 'readable' | 'json' | 'none' };
  readonly diagnostics: KeepErrorsDeps['store'];
}): Observers {
  const { emit, listen } = options.events;
  const { level, form } = options.log;
  const nowIso = () => new Date().toISOString();
  const recentErrors = createRecentErrors(nowIso);
  const observers: Observers = {
    recentErrors,
    recentRuns: createRecentRuns(nowIso),
    usage: createUsageMeter(),
    keepErrors: createKeepErrors({ recent: recentErrors, store: options.diagnostics, emit }),
    log: createLog(form === 'none' ? { level: 'silent', form: 'readable' } : { level, form }),
  };
  for (const { listener } of Object.values(observers)) listen(listener);
  return observers;
}
