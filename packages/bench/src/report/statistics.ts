export interface Summary {
  readonly count: number;
  readonly min: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/**
 * The smallest value that at least the share `p` (0 to 1) of all values does not exceed (nearest rank): always a value that was
 * really measured, and of 30 values the 95th percentile is the second largest.
 * @throws RangeError without values or with `p` outside 0 to 1
 */
export function percentile(values: readonly number[], p: number): number {
  if (!(p >= 0 && p <= 1)) throw new RangeError(`a percentile is a share from 0 to 1, not ${p}`);
  const sorted = [...values].sort((a, b) => a - b);
  // 0.95 * 20 is a little more than 19 in floating point; without the rounding the rank would be one too high.
  const rank = Math.max(1, Math.ceil(Number((p * sorted.length).toFixed(9))));
  const value = sorted[rank - 1];
  if (value === undefined) throw new RangeError('no values, so no percentile');
  return value;
}

/** The middle value, or the mean of the two middle ones. @throws RangeError without values */
export function median(values: readonly number[]): number {
  const upper = percentile([...values.map((value) => -value)], 0.5);
  return (percentile(values, 0.5) - upper) / 2;
}

/** @throws RangeError without values */
export function summary(values: readonly number[]): Summary {
  return {
    count: values.length,
    min: percentile(values, 0),
    p50: percentile(values, 0.5),
    p95: percentile(values, 0.95),
    max: percentile(values, 1),
  };
}
