/**
 * How many of the latest arrivals called for how many instances, older ones counting less and less. Plain data, never
 * changed in place.
 */
export interface NeedLevels {
  /** By instances called for; in units of `unit`. */
  readonly counts: readonly number[];
  readonly total: number;
  /** What one arrival now counts: it grows, which is the same as that older ones fade. */
  readonly unit: number;
}

export const NO_LEVELS: NeedLevels = { counts: [], total: 0, unit: 1 };

/** Beyond this all are divided by it. */
const LARGEST_UNIT = 1e12;

/** Time passes, and so many arrivals called for so many instances. */
export function noteNeed(
  levels: NeedLevels,
  elapsedMs: number,
  memoryMs: number,
  arrivals: number,
  instances: number,
): NeedLevels {
  const unit = levels.unit * Math.exp(elapsedMs / memoryMs);
  if (unit > LARGEST_UNIT) {
    // What fades to nothing on the way is nothing.
    const scaled = {
      counts: levels.counts.map((count) => count / unit),
      total: levels.total / unit,
      unit: 1,
    };
    return noteNeed(scaled, 0, memoryMs, arrivals, instances);
  }
  if (arrivals === 0) return { ...levels, unit };
  const counts = levels.counts.slice();
  while (counts.length <= instances) counts.push(0);
  counts[instances] = (counts[instances] ?? 0) + arrivals * unit;
  return { counts, total: levels.total + arrivals * unit, unit };
}

/** The fewest instances that all but the given share of the arrivals called for no more than; 0 without arrivals. */
export function levelExceededBy(levels: NeedLevels, share: number): number {
  let beyond = 0;
  for (let level = levels.counts.length - 1; level > 0; level -= 1) {
    beyond += levels.counts[level] ?? 0;
    if (beyond > share * levels.total) return level;
  }
  return 0;
}
