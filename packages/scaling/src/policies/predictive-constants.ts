/** What `predictive` is built on. None depends on a trace; docs/autoscaling.md says how they were chosen. */
export interface PredictiveConstants {
  readonly intervalMs: number;
  /** See `Policy`: what routers do (`LASTING_QUEUE_MS` there). */
  readonly queueLookMs: number;
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
  /**
   * Where a start-up is this many service times long, bursts are over before it helps: what all but `residentShare` of the
   * arrivals called for is kept. Older arrivals fade within `residentMemoryMs`.
   */
  readonly residentFromRatio: number;
  readonly residentShare: number;
  readonly residentMemoryMs: number;
  /** Of shorter requests a sample of what is in flight says little; arrivals and service time say more. */
  readonly sampledServiceMs: number;
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
  queueLookMs: 100,
  headroom: 1.26,
  headroomPerRatio: 0.155,
  halfHeadroomRatio: 0.105,
  rateSpan: 0.5,
  rateLeastMs: 1800,
  trendSpan: 12,
  trendTrust: 1.8,
  errorTrust: 0.68,
  errorMemoryMs: 465_000,
  drainStartups: 0.046,
  residentFromRatio: 40,
  residentShare: 0.058,
  residentMemoryMs: 800_000,
  sampledServiceMs: 400,
  holdStartups: 1.22,
  holdServices: 0.017,
  holdLastMs: 60_000,
  roundUpFrom: 0.59,
  assumedStartupMs: 5000,
  assumedServiceMs: 1000,
};
