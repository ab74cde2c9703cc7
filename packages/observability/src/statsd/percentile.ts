/** The value of nearest rank; null for no values, and for what is no percentage. @param sorted ascending */
export function percentile(sorted: readonly number[], percent: number): number | null {
  if (!(percent > 0 && percent <= 100)) return null;
  return sorted[Math.ceil((percent / 100) * sorted.length) - 1] ?? null;
}
