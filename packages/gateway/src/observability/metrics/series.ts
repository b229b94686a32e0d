import { Counter, type Registry } from '@prometheus-io/client';
import { createBoundedSeries } from './bounded-series.ts';
import { CountedHistogram } from './counted-histogram.ts';

/** Series per counter; what would be more is counted under `other`. */
const seriesLimit = 1000;

/** The same of a histogram, which has a series per bucket. */
const timedLimit = 200;

/** Labels of a metric: `fixed` have a known set of values, those of `free` come from outside and are bounded. */
type LabelNames = { readonly fixed?: readonly string[]; readonly free?: readonly string[] };

type Series = { readonly labels: Readonly<Record<string, string>>; count: number };

/** Counters whose series are counted here and shown when somebody asks: `inc` looks for its series each time. */
export function createCounters(registry: Registry) {
  return (name: string, help: string, { fixed = [], free = [] }: LabelNames) => {
    const names = [...fixed, ...free];
    const all: Series[] = [];
    new Counter({
      name: `dropgate_${name}_total`,
      help,
      labelNames: names,
      registers: [registry],
      collect() {
        this.reset();
        for (const { labels, count } of all) this.inc(labels, count);
      },
    });
    const find = createBoundedSeries({
      names,
      free,
      ...ownedBy('agent', free),
      limit: seriesLimit,
      create(labels) {
        const series: Series = { labels, count: 0 };
        all.push(series);
        return series;
      },
    });
    return (labels: Series['labels'], count = 1): void => {
      find(labels).count += count;
    };
  };
}

/** Histograms of anything, by the whole name. Whoever `owner` names has a tenth of the series at most. */
export function createHistograms(registry: Registry) {
  return (
    name: string,
    help: string,
    options: LabelNames & { readonly owner?: string; readonly buckets: readonly number[] },
  ) => {
    const { fixed = [], free = [], owner = '', buckets } = options;
    const names = [...fixed, ...free];
    const histogram = new CountedHistogram({
      name,
      help,
      labelNames: names,
      buckets: [...buckets],
      registers: [registry],
    });
    const find = createBoundedSeries({
      names,
      free,
      ...ownedBy(owner, free),
      limit: timedLimit,
      create: (labels) => histogram.addSeries(labels),
    });
    return (labels: Series['labels'], value: number): void => find(labels)(value);
  };
}

/** Histograms of seconds by one label. */
export function createTimers(registry: Registry) {
  const histogram = createHistograms(registry);
  return (name: string, help: string, { by, buckets }: { by: string; buckets: number[] }) => {
    const observe = histogram(`dropgate_${name}_seconds`, help, { free: [by], buckets });
    return (value: string, durationMs: number): void => observe({ [by]: value }, durationMs / 1000);
  };
}

function ownedBy(owner: string, free: readonly string[]): { owner?: string } {
  return free.includes(owner) ? { owner } : {};
}
