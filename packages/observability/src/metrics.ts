import { AggregatorRegistry, Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { MetricObjectWithValues, MetricValue } from 'prom-client';
import { Deferred, Dirty } from './deferred';
import { CheapHistogram } from './histogram';

export type Labels<L extends string> = Readonly<Record<L, string | number>>;
/** All metrics of one process as plain data; what a worker sends to its control process. */
export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[];

export interface MetricOptions<L extends string> {
  /** Without the prefix, snake_case, with its unit: `request_seconds`. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
}

/** A metric whose labels are bound once, outside the hot path. */
export interface BoundCounter {
  inc(by?: number): void;
}
export interface BoundGauge extends BoundCounter {
  set(value: number): void;
  dec(by?: number): void;
}
export interface BoundHistogram {
  observe(value: number): void;
}

/** A metric with labels: `with` binds them, `remove` forgets a series (a service that is gone). */
export interface Labelled<L extends string, B> {
  with(labels: Labels<L>): B;
  remove(labels: Labels<L>): void;
}

export interface Gauges<L extends string> extends BoundGauge, Labelled<L, BoundGauge> {
  /** Forgets every series, for a gauge that is set anew at each rendering. */
  reset(): void;
}

export interface GaugeOptions<L extends string> extends MetricOptions<L> {
  /** Called at each rendering, to set the gauge from a value that lives elsewhere. */
  readonly collect?: (gauge: Gauges<L>) => void | Promise<void>;
}

export interface Metrics {
  readonly contentType: string;
  counter<L extends string = never>(options: MetricOptions<L>): BoundCounter & Labelled<L, BoundCounter>;
  gauge<L extends string = never>(options: GaugeOptions<L>): Gauges<L>;
  /** Buckets in the unit of the name; default: Prometheus' seconds from 1 ms to 10 s. */
  histogram<L extends string = never>(
    options: MetricOptions<L> & { readonly buckets?: readonly number[] },
  ): BoundHistogram & Labelled<L, BoundHistogram>;
  /** CPU, memory, event loop lag of this process. Not on by default: it observes garbage collections. */
  observeProcess(): void;
  snapshot(): Promise<MetricsSnapshot>;
  /** Prometheus text; with the snapshots of other processes (workers) added series by series. */
  render(others?: readonly MetricsSnapshot[]): Promise<string>;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Metrics with a registry of their own, so that several roles (and tests) live in one process. */
export function createMetrics(prefix = 'waiter_'): Metrics {
  const registry = new Registry();
  const common = <L extends string>({ name, help, labels = [] }: MetricOptions<L>) => ({
    name: prefix + name,
    help,
    labelNames: [...labels],
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    counter: (options) => {
      const dirty = new Dirty();
      const counter = new Counter({ ...common(options), collect: () => dirty.settle() });
      return {
        inc: (by) => counter.inc(by ?? 1),
        with: (labels) => new Deferred(dirty, (by) => counter.inc(labels, by)),
        remove: (labels) => {
          dirty.settle();
          counter.remove(labels);
        },
      };
    },
    gauge: <L extends string>({ collect, ...options }: GaugeOptions<L>) => {
      const dirty = new Dirty();
      const gauge: Gauge<L> = new Gauge<L>({
        ...common<L>(options),
        collect: async () => {
          dirty.settle();
          await collect?.(surface);
          dirty.settle();
        },
      });
      const surface: Gauges<L> = {
        set: (value) => gauge.set(value),
        inc: (by) => gauge.inc(by ?? 1),
        dec: (by) => gauge.dec(by ?? 1),
        with: (labels) => {
          const changes = new Deferred(dirty, (by) => gauge.inc(labels, by));
          return {
            inc: (by) => changes.inc(by),
            dec: (by) => changes.dec(by),
            set: (value) => {
              changes.drop();
              gauge.set(labels, value);
            },
          };
        },
        remove: (labels) => {
          dirty.settle();
          gauge.remove(labels);
        },
        reset: () => {
          dirty.drop();
          gauge.reset();
        },
      };
      return surface;
    },
    histogram: ({ buckets = SECONDS, ...options }) =>
      new CheapHistogram({ ...common(options), buckets, registry }),
    observeProcess: () => collectDefaultMetrics({ register: registry, prefix }),
    snapshot: () => registry.getMetricsAsJSON(),
    render: async (others = []) =>
      others.length === 0
        ? registry.metrics()
        : AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...others]).metrics(),
  };
}
