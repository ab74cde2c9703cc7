/** What `predictive` is built on. None depends on a trace; docs/autoscaling.md says how they were chosen. */
export interface PredictiveConstants {
  readonly intervalMs: number;
  /** Standard deviations of what may come kept as headroom, where a start-up is short against a service time. */
  readonly headroom: number;
  /** More of them where it is long: this times ln(1 + start-up / service time). */
  readonly headroomPerRatio: number;
  /**
   * Where a start-up is only this many service times long, half of the headroom is kept: who comes too late then waits little,
   * while idling costs the same.
   */
  readonly halfHeadroomRatio: number;
  /** Time constant of the arrival rate: this many start-ups or service times, whichever is longer, and at least `rateLeastMs`. */
  readonly rateSpan: number;
  readonly rateLeastMs: number;
  /** The trend compares the rate with one over this many times its time constant. */
  readonly trendSpan: number;
  /** Share of the trend that is believed. */
  readonly trendTrust: number;
  /** How much of the forecasts' measured error counts, against what Poisson arrivals alone would explain. */
  readonly errorTrust: number;
  /** Time constant over which the errors are remembered. */
  readonly errorMemoryMs: number;
  /** A queue is to be gone this many start-ups after the new instances are ready (but not sooner than a service time). */
  readonly drainStartups: number;
  /** Nothing is stopped until it was not wanted for this many start-ups, and this many service times. */
  readonly holdStartups: number;
  readonly holdServices: number;
  /** The last instance, where zero is allowed, is kept for this long after the last request, plus a start-up. */
  readonly holdLastMs: number;
  /** Fractions of an instance below this are not worth one. */
  readonly roundUpFrom: number;
  /** Used until the first start-up and the first request were measured. */
  readonly assumedStartupMs: number;
  readonly assumedServiceMs: number;
}

export const PREDICTIVE: PredictiveConstants = {
  intervalMs: 250,
  headroom: 1.5,
  headroomPerRatio: 0.26,
  halfHeadroomRatio: 0.1,
  rateSpan: 1.5,
  rateLeastMs: 6000,
  trendSpan: 3,
  trendTrust: 1,
  errorTrust: 0.75,
  errorMemoryMs: 270_000,
  drainStartups: 0.1,
  holdStartups: 1.1,
  holdServices: 0.1,
  holdLastMs: 60_000,
  roundUpFrom: 0.5,
  assumedStartupMs: 5000,
  assumedServiceMs: 1000,
};
