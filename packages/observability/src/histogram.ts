import type { Metric, MetricObjectWithValues, MetricValue, Registry } from 'prom-client';

type LabelValues = Readonly<Record<string, string | number>>;

/** One series: counts per bucket, the last for what is above all bounds. */
class Series {
  readonly counts: number[];
  sum = 0;

  constructor(
    readonly labels: LabelValues,
    private readonly bounds: readonly number[],
  ) {
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    this.counts[bucket] = (this.counts[bucket] as number) + 1;
    this.sum += value;
  }
}

export interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly string[];
  readonly buckets: readonly number[];
  readonly registry: Registry;
}

/**
 * A histogram that is read as prom-client's own (cumulative buckets, `_sum`, `_count`), and in which an observation of a bound
 * series costs no look-up by labels.
 */
export class CheapHistogram {
  private readonly series = new Map<string, Series>();
  private readonly bounds: readonly number[];

  constructor(private readonly options: HistogramOptions) {
    this.bounds = [...options.buckets].sort((a, b) => a - b);
    // What a registry asks of a metric is its name and `get`.
    options.registry.registerMetric(this as unknown as Metric);
    this.begin();
  }

  /** Without labels there is one series from the beginning, so that its first observation is seen as growth. */
  private begin(): void {
    if (this.options.labelNames.length === 0) this.with({});
  }

  get name(): string {
    return this.options.name;
  }

  private keyOf(labels: LabelValues): string {
    return this.options.labelNames.map((name) => String(labels[name])).join('\n');
  }

  with(labels: LabelValues): Series {
    const key = this.keyOf(labels);
    let series = this.series.get(key);
    if (series === undefined) {
      series = new Series({ ...labels }, this.bounds);
      this.series.set(key, series);
    }
    return series;
  }

  observe(value: number): void {
    this.with({}).observe(value);
  }

  remove(labels: LabelValues): void {
    this.series.delete(this.keyOf(labels));
  }

  reset(): void {
    this.series.clear();
    this.begin();
  }

  get(): Promise<MetricObjectWithValues<MetricValue<string>>> {
    const { name, help } = this.options;
    const values = [...this.series.values()].flatMap((series) => this.valuesOf(series));
    return Promise.resolve({
      name,
      help,
      type: 'histogram',
      values,
      aggregator: 'sum',
    } as unknown as MetricObjectWithValues<MetricValue<string>>);
  }

  private valuesOf({ labels, counts, sum }: Series): { metricName: string; labels: object; value: number }[] {
    const { name } = this.options;
    let total = 0;
    const buckets = counts.map((count, i) => {
      total += count;
      return {
        metricName: `${name}_bucket`,
        labels: { le: this.bounds[i] ?? '+Inf', ...labels },
        value: total,
      };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: { ...labels }, value: sum },
      { metricName: `${name}_count`, labels: { ...labels }, value: total },
    ];
  }
}
