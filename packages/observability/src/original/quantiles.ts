/** Upper bounds of a histogram's buckets, ascending and ending with infinity, with the observations up to each. */
export type Buckets = readonly (readonly [le: number, cumulative: number])[];

const QUANTILES = ['0.0', '0.25', '0.5', '0.75', '0.95', '0.99', '0.999', '1.0'];

/** The quantiles that the original shows, by linear interpolation within buckets; null where there is no observation. */
export function quantiles(buckets: Buckets): Record<string, number | null> {
  const total = buckets.at(-1)?.[1] ?? 0;
  return Object.fromEntries(
    QUANTILES.map((name) => [name, total === 0 ? null : quantile(buckets, Number(name) * total)]),
  );
}

/** @param rank how many observations are below; beyond the last finite bound nothing more is known than that */
function quantile(buckets: Buckets, rank: number): number {
  let [below, before] = [0, 0];
  for (const [le, cumulative] of buckets) {
    if (cumulative > before && cumulative >= rank) {
      if (!Number.isFinite(le)) return below;
      return below + ((le - below) * Math.max(0, rank - before)) / (cumulative - before);
    }
    below = Number.isFinite(le) ? le : below;
    before = cumulative;
  }
  return below;
}
