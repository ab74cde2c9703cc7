export interface ProbeSituation {
  /** How long this instance has been probed. */
  readonly ageMs: number;
  /** Somebody waits for it, or it was only just started. */
  readonly urgent: boolean;
  /** It serves already; only the scheduler has not confirmed it yet. */
  readonly healthy: boolean;
  /** Instances that are probed urgently at this moment, all services together. */
  readonly urgentProbes: number;
  /** The service's `health-check-interval-secs`. */
  readonly intervalMs: number;
}

export interface ProbeLimits {
  readonly probeMinMs: number;
  readonly probeMaxMs: number;
}

/** At the shortest distance for this long; most services are up within it. */
const EAGER_MS = 1_000;
/** All urgent probes together stay below 500 a second, so that starting many instances does not starve the leader. */
const MS_PER_PROBE = 2;

/**
 * Pause before the next probe. While somebody waits the first byte is delayed by this at most, so it starts at
 * `probeMinMs`; an instance that takes longer is probed less often, doubling each second up to `probeMaxMs`.
 */
export function probeDelay(situation: ProbeSituation, { probeMinMs, probeMaxMs }: ProbeLimits): number {
  if (situation.healthy || !situation.urgent) return situation.intervalMs;
  const doublings = Math.max(0, (situation.ageMs - EAGER_MS) / 1_000);
  const wanted = Math.min(probeMaxMs, probeMinMs * 2 ** doublings);
  return Math.min(situation.intervalMs, Math.max(wanted, situation.urgentProbes * MS_PER_PROBE));
}
