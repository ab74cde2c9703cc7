/** Memory may differ by so much between two parts of a soak without being called a leak. */
const NOISE_SHARE = 0.1;
const NOISE_MIB = 12;
/** In each third: in less time a heap has not found its working size. */
const MIN_SAMPLES = 12;

/**
 * Whether memory stays where it is: the lower quartile of the last third against that of the second one. The first third
 * is left out, since a heap grows to its working size then. Lower quartiles, since what a collection has yet to free is no leak.
 * @param residentMiB in the order of time
 * @returns growth in MiB beyond noise, 0 when it is flat; null when there are too few values to tell
 */
export function growthMiB(residentMiB: readonly number[]): number | null {
  const third = Math.floor(residentMiB.length / 3);
  if (third < MIN_SAMPLES) return null;
  const before = lowerQuartile(residentMiB.slice(third, 2 * third));
  const after = lowerQuartile(residentMiB.slice(2 * third));
  const growth = after - before - Math.max(NOISE_MIB, before * NOISE_SHARE);
  return Math.max(0, growth);
}

function lowerQuartile(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 4)] ?? 0;
}
