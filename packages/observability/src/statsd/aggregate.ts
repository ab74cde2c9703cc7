import { percentile } from './percentile';

export interface StatsdNames {
  readonly environment: string;
  readonly cluster: string;
  /** Part of the path of what each process counts for itself: counters, gauge deltas, histograms. */
  readonly server: string;
}

export interface AggregateOptions extends StatsdNames {
  readonly histogramMaxSize: number;
}

export type StatsdKind = 'counter' | 'gauge' | 'gauge-delta' | 'histogram';

interface Entry {
  readonly kind: StatsdKind;
  readonly group: string;
  readonly metric: string;
  value: number;
  readonly values: number[];
}

const PREFIX = 'waiter';
const PERCENTILES = [50, 75, 95, 99, 100];

/** Sums up what is counted until it is sent (spec: scaling-and-schedulers 8.6). */
export class StatsdAggregate {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly options: AggregateOptions) {}

  counter(group: string, metric: string, by = 1): void {
    this.entry('counter', group, metric).value += by;
  }

  gauge(group: string, metric: string, value: number): void {
    this.entry('gauge', group, metric).value = value;
  }

  /** Of a gauge that several processes raise and lower: what this one adds to it. */
  gaugeDelta(group: string, metric: string, by: number): void {
    this.entry('gauge-delta', group, metric).value += by;
  }

  histogram(group: string, metric: string, value: number): void {
    const { values } = this.entry('histogram', group, metric);
    values.push(value);
    if (values.length <= this.options.histogramMaxSize) return;
    values.shift();
    this.counter(group, `histo_values_dropped.${metric}`);
  }

  /** One line for each value; sums begin anew, gauge deltas stay until they are 0. */
  flush(): string[] {
    const lines = [...this.entries.values()].flatMap((entry) => this.lines(entry));
    for (const [key, { kind, value }] of this.entries) {
      if (kind !== 'gauge-delta' || value === 0) this.entries.delete(key);
    }
    return lines;
  }

  /** Metric type to group to metric to value, as `/state/statsd` shows it. */
  state(): Record<string, Record<string, Record<string, number | number[]>>> {
    const shown: Record<string, Record<string, Record<string, number | number[]>>> = {};
    for (const { kind, group, metric, value, values } of this.entries.values()) {
      const groups = (shown[kind] ??= {});
      (groups[group] ??= {})[metric] = kind === 'histogram' ? [...values] : value;
    }
    return shown;
  }

  private entry(kind: StatsdKind, group: string, metric: string): Entry {
    const key = `${kind} ${group} ${metric}`;
    const known = this.entries.get(key);
    if (known !== undefined) return known;
    const created: Entry = { kind, group, metric, value: 0, values: [] };
    this.entries.set(key, created);
    return created;
  }

  private lines({ kind, group, metric, value, values }: Entry): string[] {
    const name = this.path(kind, group, metric);
    switch (kind) {
      case 'counter':
        return [`${name}:${value}|c`];
      case 'gauge':
      case 'gauge-delta':
        return [`${name}:${value.toFixed(1)}|g`];
      case 'histogram': {
        const sorted = [...values].sort((a, b) => a - b);
        return PERCENTILES.flatMap((p) => {
          const found = percentile(sorted, p);
          return found === null ? [] : [`${name}_p${p}:${found.toFixed(1)}|g`];
        });
      }
    }
  }

  /** The server stands in the path of what is counted by each process, not of what one tells for all. */
  private path(kind: StatsdKind, group: string, metric: string): string {
    const { environment, cluster, server } = this.options;
    return [
      PREFIX,
      clean(group === '' ? 'unknown' : group),
      clean(environment),
      clean(cluster),
      ...(kind === 'gauge' ? [] : [clean(server)]),
      ...metric.split('.').map(clean),
    ].join('.');
  }
}

const clean = (part: string): string => part.replace(/[^A-Za-z0-9_-]/g, '_');
