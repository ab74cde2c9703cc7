import type { MetricsSnapshot } from '../metrics';
import { placesOf, type Place, type SeriesLabels } from './place';
import { quantiles, type Buckets } from './quantiles';
import type { Rates } from './rates';

/** Which part is asked for; the first that is given counts (spec: services-and-tokens 4.19). */
export interface OriginalFilter {
  readonly excludeServices?: boolean;
  readonly serviceId?: string;
  readonly onlyProcess?: boolean;
  /** Part of a dotted name. */
  readonly name?: string;
}

interface Series {
  readonly labels: SeriesLabels;
  readonly value: number;
  readonly metricName?: string;
}

interface Sum {
  readonly place: Place;
  value: number;
  readonly buckets: Map<number, number>;
}

const PREFIX = /^waiter_/;

/**
 * Metrics in the shape of the original's `/metrics`: a tree by the parts of dotted names, with numbers for counters and
 * `{value}`, `{count, value}` for the others (spec: scaling-and-schedulers 8.5).
 */
export function originalMetrics(
  snapshots: readonly MetricsSnapshot[],
  filter: OriginalFilter,
  rates: Rates,
  nowMs: number,
): object {
  const sums = sumUp(snapshots);
  const counts = new Map(
    [...sums].flatMap(([key, { place, value }]) => (place.kind === 'meter' ? [[key, value]] : [])),
  );
  const perSecond = rates.update(counts, nowMs);
  const tree: Tree = new Map();
  for (const [key, sum] of sums) {
    if (wanted(sum.place.path, filter)) plant(tree, sum.place.path, shown(sum, perSecond.get(key) ?? 0));
  }
  return asObject(tree);
}

function sumUp(snapshots: readonly MetricsSnapshot[]): Map<string, Sum> {
  const sums = new Map<string, Sum>();
  for (const metric of snapshots.flat()) {
    const type = String(metric.type);
    if (type !== 'counter' && type !== 'gauge' && type !== 'histogram') continue;
    const name = metric.name.replace(PREFIX, '');
    // The name of a histogram's series says which part of it that is; prom-client's type does not tell.
    for (const { labels, value, metricName } of metric.values as readonly Series[]) {
      const { le, ...own } = labels;
      for (const place of placesOf(name, type, own)) {
        const key = place.path.join('\u0000');
        const sum = sums.get(key) ?? { place, value: 0, buckets: new Map<number, number>() };
        sums.set(key, sum);
        if (type !== 'histogram') sum.value += value;
        else if (metricName?.endsWith('_count') === true) sum.value += value;
        else if (le !== undefined) {
          const bound = le === '+Inf' ? Infinity : Number(le);
          sum.buckets.set(bound, (sum.buckets.get(bound) ?? 0) + value);
        }
      }
    }
  }
  return sums;
}

function wanted(path: readonly string[], filter: OriginalFilter): boolean {
  const [root, second] = path;
  if (filter.excludeServices === true) return root === 'waiter';
  if (filter.serviceId !== undefined) return root === 'services' && second === filter.serviceId;
  if (filter.onlyProcess === true) return root === 'jvm';
  return filter.name === undefined || path.join('.').includes(filter.name);
}

function shown({ place, value, buckets }: Sum, rate: number): Leaf {
  switch (place.kind) {
    case 'counter':
      return value;
    case 'gauge':
      return { value };
    case 'meter':
      return { count: value, value: rate };
    case 'timer':
    case 'histogram':
      return { count: value, value: quantiles([...buckets].sort(([a], [b]) => a - b) satisfies Buckets) };
  }
}

type Leaf = number | object;
type Tree = Map<string, Tree | Leaf>;

/** A name that is also the beginning of another one is left to the first of them. */
function plant(tree: Tree, path: readonly string[], leaf: Leaf): void {
  let at = tree;
  for (const part of path.slice(0, -1)) {
    const next = at.get(part);
    if (next instanceof Map) at = next as Tree;
    else if (next === undefined) {
      const branch: Tree = new Map();
      at.set(part, branch);
      at = branch;
    } else return;
  }
  const last = path.at(-1) ?? '';
  if (!at.has(last)) at.set(last, leaf);
}

/** Names come from outside: own properties only, in order. */
function asObject(tree: Tree): object {
  return Object.fromEntries(
    [...tree]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => [name, value instanceof Map ? asObject(value as Tree) : value]),
  );
}
