import { within, type Observation, type Policy, type PolicyLimits } from './policy';

/** What `predictive` is built on. None depends on a trace; docs/autoscaling.md says how they were chosen. */
export interface PredictiveConstants {
  readonly intervalMs: number;
  /** Standard deviations of the forecast's error kept as headroom. */
  readonly headroom: number;
  /**
   * Where a start-up is this many service times long, half of the headroom is kept; less where it is shorter: who comes too late
   * then waits little, while idling costs the same.
   */
  readonly halfHeadroomRatio: number;
  /** Time constant of the arrival rate: this many start-ups or service times, whichever is longer, and at least `rateLeastMs`. */
  readonly rateSpan: number;
  readonly rateLeastMs: number;
  /** The trend compares the rate with one over this many times its time constant. */
  readonly trendSpan: number;
  /** Share of the trend that is believed. */
  readonly trendTrust: number;
  /** How much of the measured error counts, against what Poisson arrivals alone would explain. */
  readonly errorTrust: number;
  /** Time constant over which the forecast's errors are remembered. */
  readonly errorMemoryMs: number;
  /** And this many start-ups more: where errors are dear they are remembered for longer. */
  readonly errorMemoryStartups: number;
  /** Waits of this length are not worth an instance: headroom for peaks shorter than a service time and this is less. */
  readonly tolerateMs: number;
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
  halfHeadroomRatio: 1,
  errorTrust: 1,
  rateSpan: 2,
  rateLeastMs: 10_000,
  trendSpan: 3,
  trendTrust: 0.5,
  errorMemoryMs: 300_000,
  errorMemoryStartups: 0,
  tolerateMs: 0,
  drainStartups: 0.5,
  holdStartups: 1,
  holdServices: 0.5,
  holdLastMs: 60_000,
  roundUpFrom: 0.5,
  assumedStartupMs: 5000,
  assumedServiceMs: 1000,
};

export interface PredictiveMemory {
  /** Requests per millisecond, short and long. */
  readonly rate: number;
  readonly longRate: number;
  /** What would be in service if nothing ever waited. */
  readonly unhindered: number;
  /** Mean square of what came above the forecast. */
  readonly errorSquare: number;
  readonly comparedMs: number;
  /** The most that would have been in service since then. */
  readonly peak: number;
  readonly lastRequestMs: number;
  /** Forecasts that wait for their time: [for when in ms, value]. */
  readonly forecasts: readonly (readonly [number, number])[];
  /** Instances wanted and until when they are held, falling. */
  readonly holds: readonly (readonly [number, number])[];
}

/** Forecasts that wait for their time to come, at most. */
const FORECASTS_KEPT = 16;

const decay = (elapsedMs: number, constantMs: number): number => Math.exp(-elapsedMs / constantMs);

export function predictive(constants: PredictiveConstants, name = 'predictive'): Policy<PredictiveMemory> {
  return {
    name,
    description: 'forecast one start-up ahead, headroom by its error, hold-down by start cost',
    intervalMs: constants.intervalMs,
    stopsPerEvaluation: null,
    constants: { ...constants },
    decide: (limits, seen, memory) => decidePredictive(constants, limits, seen, memory),
  };
}

function decidePredictive(
  c: PredictiveConstants,
  limits: PolicyLimits,
  seen: Observation,
  memory: PredictiveMemory | null,
): ReturnType<Policy<PredictiveMemory>['decide']> {
  const { nowMs, elapsedMs } = seen;
  const startupMs = seen.startupMs ?? c.assumedStartupMs;
  const serviceMs = seen.serviceMs ?? c.assumedServiceMs;
  const demand = seen.inFlight + seen.queued;

  // Arrival rates and what would be in service if nothing waited: a queue says nothing about the load to come.
  const spanMs = Math.max(c.rateLeastMs, c.rateSpan * startupMs, c.rateSpan * serviceMs);
  const arrived = elapsedMs > 0 ? seen.arrivals / elapsedMs : 0;
  const blend = (before: number, constantMs: number): number => {
    const kept = decay(elapsedMs, constantMs);
    return before * kept + arrived * (1 - kept);
  };
  const rate = blend(memory?.rate ?? 0, spanMs);
  const longRate = blend(memory?.longRate ?? 0, c.trendSpan * spanMs);
  const kept = decay(elapsedMs, serviceMs);
  const flowing = (memory?.unhindered ?? demand) * kept + arrived * serviceMs * (1 - kept);
  const unhindered = seen.queued === 0 ? seen.inFlight : flowing;

  // One start-up ahead: what is there leaves, what comes arrives; the trend may only raise it.
  const stay = decay(startupMs, serviceMs);
  const noise = Math.sqrt(rate / (2 * spanMs));
  const slope = Math.max(0, rate - longRate - noise) / ((c.trendSpan - 1) * spanMs);
  const load = (rate + c.trendTrust * slope * startupMs) * serviceMs;
  const forecast = unhindered * stay + load * (1 - stay);

  // Headroom: what Poisson arrivals would need, or what the errors of the last minutes say.
  let forecasts = memory?.forecasts ?? [];
  let errorSquare = memory?.errorSquare ?? 0;
  let comparedMs = memory?.comparedMs ?? nowMs;
  let peak = Math.max(memory?.peak ?? 0, flowing);
  const oldest = forecasts[0];
  if (oldest !== undefined && oldest[0] <= nowMs) {
    const above = Math.max(0, peak - oldest[1]);
    const forget = decay(nowMs - comparedMs, c.errorMemoryMs + c.errorMemoryStartups * startupMs);
    // Half of all errors are negative and count as none: twice the rest is a variance.
    errorSquare = errorSquare * forget + 2 * above * above * (1 - forget);
    comparedMs = nowMs;
    peak = flowing;
    forecasts = forecasts.slice(1);
  }
  const poisson = (unhindered * stay + load) * (1 - stay);
  const deviations =
    ((serviceMs / (serviceMs + c.tolerateMs)) * (c.headroom * startupMs)) /
    (startupMs + c.halfHeadroomRatio * serviceMs);
  const headroom = deviations * Math.sqrt(Math.max(poisson, c.errorTrust * errorSquare));

  // A queue: what will be left of it when new instances are ready, spread over the time it may take to go.
  const starting = seen.total - seen.ready;
  const slots = (seen.ready + starting / 2) * limits.concurrencyLevel;
  const left = demand + rate * startupMs - (slots * startupMs) / serviceMs;
  const drain = Math.min(1, serviceMs / (c.drainStartups * startupMs));
  const backlog = seen.queued > 0 ? load + Math.max(0, left - load) * drain : 0;

  const wantedSlots = Math.max(forecast + headroom, backlog);
  const exact = wantedSlots / limits.concurrencyLevel;
  const lastRequestMs = demand > 0 || seen.arrivals > 0 ? nowMs : (memory?.lastRequestMs ?? nowMs);
  const least = nowMs - lastRequestMs < c.holdLastMs + startupMs ? 1 : 0;
  const rounded = Math.ceil(exact - c.roundUpFrom);
  const wanted = within(limits, rounded > 1 ? rounded : least);

  const holdMs = c.holdStartups * startupMs + c.holdServices * serviceMs;
  const holds = (memory?.holds ?? []).filter(([untilMs, held]) => untilMs > nowMs && held > wanted);
  holds.push([nowMs + holdMs, wanted]);
  const held = holds[0]?.[1] ?? wanted;

  const newest = forecasts[forecasts.length - 1];
  if (newest === undefined || nowMs + startupMs - newest[0] >= startupMs / FORECASTS_KEPT) {
    forecasts = [...forecasts, [nowMs + startupMs, forecast]];
  }
  return {
    instances: within(limits, held),
    memory: {
      rate,
      longRate,
      unhindered: flowing,
      errorSquare,
      comparedMs,
      peak,
      lastRequestMs,
      forecasts,
      holds,
    },
    steps: { rate: rate * 1000, load, forecast, headroom, backlog, exact, wanted, held },
  };
}
