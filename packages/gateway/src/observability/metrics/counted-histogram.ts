import { Histogram, type HistogramConfiguration, type MetricObject } from '@prometheus-io/client';

type Labels = Readonly<Record<string, string>>;

type Series = {
  readonly labels: Labels;
  /** Of each bucket alone, those below it not in it. */
  readonly counts: number[];
  sum: number;
  count: number;
};

/**
 * A histogram whose series are counted here and shown when somebody asks: the library's own checks labels and looks for
 * its series each time, and a run observes a dozen values.
 */
export class CountedHistogram extends Histogram<string> {
  readonly #about: MetricObject;
  readonly #bounds: readonly number[];
  readonly #series: Series[] = [];

  constructor(config: HistogramConfiguration<string> & { readonly buckets: number[] }) {
    super(config);
    const { name, help } = config;
    this.#about = { name, help, type: 'histogram', aggregator: 'sum', collect: () => undefined };
    this.#bounds = config.buckets;
  }

  /** Adds a series; what is given back takes its values. */
  addSeries(labels: Labels): (value: number) => void {
    const bounds = this.#bounds;
    // The last one is of what lies above all bounds.
    const counts = [...bounds.map(() => 0), 0];
    const series: Series = { labels, counts, sum: 0, count: 0 };
    this.#series.push(series);
    return (value) => {
      if (!Number.isFinite(value)) throw new TypeError(`${value} cannot be observed.`);
      series.sum += value;
      series.count += 1;
      let at = 0;
      while (value > (bounds[at] ?? Number.POSITIVE_INFINITY)) at += 1;
      counts[at] = (counts[at] ?? 0) + 1;
    };
  }

  override async get(): ReturnType<Histogram<string>['get']> {
    const values = this.#series.flatMap((series) => this.#valuesOf(series));
    return { ...this.#about, values };
  }

  /** What the registry asks for when it writes text. */
  getForPromString(): ReturnType<Histogram<string>['get']> {
    return this.get();
  }

  #valuesOf({ labels, counts, sum, count }: Series) {
    const { name } = this.#about;
    const metricName = `${name}_bucket`;
    let below = 0;
    const buckets = this.#bounds.map((bound, at) => {
      below += counts[at] ?? 0;
      return { labels: { le: bound, ...labels }, value: below, metricName };
    });
    return [
      ...buckets,
      { labels: { le: '+Inf', ...labels }, value: count, metricName },
      { labels, value: sum, metricName: `${name}_sum` },
      { labels, value: count, metricName: `${name}_count` },
    ];
  }
}
