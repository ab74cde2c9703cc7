/** Bookkeeping of one health check of one task; a value, no timers (4B.8). */
export interface HealthState {
  /** A result was counted; before that the check reports nothing. */
  readonly checked: boolean;
  /** The last counted result was a success. */
  readonly alive: boolean;
  readonly consecutiveFailures: number;
  readonly firstSuccessMs?: number;
  readonly lastSuccessMs?: number;
  readonly lastFailureMs?: number;
  readonly lastFailureCause?: string;
}

export type ProbeResult = { readonly ok: true } | { readonly ok: false; readonly cause: string };

export const UNCHECKED: HealthState = { checked: false, alive: false, consecutiveFailures: 0 };

export interface HealthLimits {
  readonly gracePeriodSeconds: number;
  readonly intervalSeconds: number;
  readonly delaySeconds: number;
  readonly maxConsecutiveFailures: number;
}

/**
 * Until the first success, failures do not count while the task is younger than this: the grace period, and in any case
 * the time before a check was due at all. (Marathon makes its first check after `delaySeconds`; we probe at once, and those
 * early probes must not hurt.)
 * @returns milliseconds since the task started
 */
export function uncountedUntilMs(limits: HealthLimits): number {
  return 1000 * Math.max(limits.gracePeriodSeconds, Math.min(limits.delaySeconds, limits.intervalSeconds));
}

export interface HealthStep {
  readonly state: HealthState;
  /** A failure that counts. */
  readonly failed: boolean;
  readonly kill: boolean;
}

/**
 * Counts one result. A failure kills when the count before it is already at the maximum, so maximum + 1 failures in a row
 * do; a maximum of 0 never kills.
 * @param ageMs of the task when the result came
 */
export function afterProbe(
  state: HealthState,
  result: ProbeResult,
  limits: HealthLimits,
  nowMs: number,
  ageMs: number,
): HealthStep {
  if (result.ok) {
    const firstSuccessMs = state.firstSuccessMs ?? nowMs;
    const healthy = {
      ...state,
      checked: true,
      alive: true,
      consecutiveFailures: 0,
      firstSuccessMs,
      lastSuccessMs: nowMs,
    };
    return { state: healthy, failed: false, kill: false };
  }
  if (state.firstSuccessMs === undefined && ageMs < uncountedUntilMs(limits))
    return { state, failed: false, kill: false };
  const failing = {
    ...state,
    checked: true,
    alive: false,
    consecutiveFailures: state.consecutiveFailures + 1,
    lastFailureMs: nowMs,
    lastFailureCause: result.cause,
  };
  const max = limits.maxConsecutiveFailures;
  return { state: failing, failed: true, kill: max > 0 && state.consecutiveFailures >= max };
}

const STARTUP_FIRST_MS = 25;
const STARTUP_FACTOR = 1.25;
const STARTUP_MAX_MS = 500;

/**
 * Pause before the next probe. While the task starts, it is probed often (25 ms growing to 500 ms), so that readiness is
 * seen when it comes; after the first success, or once failures count, every `intervalSeconds`.
 */
export function pauseMs(state: HealthState, limits: HealthLimits, probes: number, ageMs: number): number {
  const intervalMs = limits.intervalSeconds * 1000;
  if (state.checked || ageMs >= uncountedUntilMs(limits)) return Math.max(intervalMs, 10);
  const startup = Math.min(STARTUP_FIRST_MS * STARTUP_FACTOR ** probes, STARTUP_MAX_MS);
  return intervalMs === 0 ? startup : Math.min(startup, intervalMs);
}
