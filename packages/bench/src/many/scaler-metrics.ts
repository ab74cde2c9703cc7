import type { Cluster } from '../cluster/cluster';

/** What the leading scaler counted since it started. */
export interface ScalerCounts {
  readonly services: number;
  readonly ticks: number;
  readonly tickSeconds: number;
  /** Ticks by upper bound in seconds, cumulative. */
  readonly buckets: ReadonlyMap<number, number>;
}

export async function scalerCounts({ scalerUrl }: Cluster): Promise<ScalerCounts> {
  return parseCounts(await (await fetch(`${scalerUrl}/metrics/prometheus`)).text());
}

export function parseCounts(text: string): ScalerCounts {
  const value = (name: string): number =>
    Number(new RegExp(`^waiter_scaler_${name} (\\S+)`, 'm').exec(text)?.[1] ?? NaN);
  const buckets = [...text.matchAll(/^waiter_scaler_tick_seconds_bucket\{le="([^"]+)"\} (\d+)/gm)].map(
    ([, le, count]) => [le === '+Inf' ? Infinity : Number(le), Number(count)] as const,
  );
  return {
    services: value('services'),
    ticks: value('tick_seconds_count'),
    tickSeconds: value('tick_seconds_sum'),
    buckets: new Map(buckets),
  };
}

/** The least bound of a bucket, in ms, that has this share of the ticks between two counts. */
export function ticksWithin(before: ScalerCounts, after: ScalerCounts, share: number): number {
  const wanted = (after.ticks - before.ticks) * share;
  for (const [le, count] of after.buckets) {
    if (count - (before.buckets.get(le) ?? 0) >= wanted) return le * 1000;
  }
  return Infinity;
}
