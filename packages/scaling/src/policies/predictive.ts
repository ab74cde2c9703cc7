import { levelExceededBy, NO_LEVELS, noteNeed, type NeedLevels } from './need-levels';
import type { PredictiveConstants } from './predictive-constants';
import { within, type Observation, type Policy, type PolicyLimits } from './policy';

/** Carried from one evaluation to the next. */
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
  /** What arrivals called for; only where start-ups are long against requests. */
  readonly levels: NeedLevels;
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
    queueLookMs: constants.queueLookMs,
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
  const flowing = (memory?.unhindered ?? seen.inFlight) * kept + arrived * serviceMs * (1 - kept);
  const unhindered = seen.queued === 0 ? seen.inFlight : flowing;

  // One start-up ahead: what is there leaves, what comes arrives; the trend may only raise it.
  const stay = decay(startupMs, serviceMs);
  const noise = Math.sqrt(rate / (2 * spanMs));
  const slope = Math.max(0, rate - longRate - noise) / ((c.trendSpan - 1) * spanMs);
  const load = (rate + c.trendTrust * slope * startupMs) * serviceMs;
  const forecast = unhindered * stay + load * (1 - stay);

  // Headroom: what Poisson arrivals would need, or what the errors of the last minutes say.
  const errors = compareForecast(memory, nowMs, flowing, c.errorMemoryMs);
  const poisson = (unhindered * stay + load) * (1 - stay);
  const lateness = startupMs / (startupMs + c.halfHeadroomRatio * serviceMs);
  const deviations = (c.headroom + c.headroomPerRatio * Math.log1p(startupMs / serviceMs)) * lateness;
  const headroom = deviations * Math.sqrt(Math.max(poisson, c.errorTrust * errors.errorSquare));

  // A queue: what will be left of it when new instances are ready, spread over the time it may take to go.
  const starting = seen.total - seen.ready;
  const slots = (seen.ready + starting / 2) * limits.concurrencyLevel;
  const left = demand + rate * startupMs - (slots * startupMs) / serviceMs;
  const drain = Math.min(1, serviceMs / (c.drainStartups * startupMs));
  const backlog = seen.queued > 0 ? load + Math.max(0, left - load) * drain : 0;

  // Bursts that are over before a new instance is ready: only what runs already helps, so what most called for stays.
  const resident = startupMs >= c.residentFromRatio * serviceMs;
  const sampled = serviceMs > c.sampledServiceMs ? unhindered : 0;
  const called = Math.ceil(Math.max(flowing, sampled) / limits.concurrencyLevel);
  const levels = resident
    ? noteNeed(
        memory?.levels ?? NO_LEVELS,
        elapsedMs,
        c.residentMemoryMs,
        seen.arrivals,
        Math.min(limits.maxInstances, called),
      )
    : NO_LEVELS;
  const level = levelExceededBy(levels, c.residentShare);

  // Before the first request has ended nobody knows how long they take: what is there is all that there is to go by.
  const wantedSlots = seen.serviceMs === null ? demand : Math.max(forecast + headroom, backlog);
  const exact = wantedSlots / limits.concurrencyLevel;
  const lastRequestMs = demand > 0 || seen.arrivals > 0 ? nowMs : (memory?.lastRequestMs ?? nowMs);
  const least = nowMs - lastRequestMs < c.holdLastMs + startupMs ? 1 : 0;
  const rounded = Math.max(level, Math.ceil(exact - c.roundUpFrom));
  const wanted = within(limits, rounded > 1 ? rounded : least);

  const holdMs = c.holdStartups * startupMs + c.holdServices * serviceMs;
  const holds = (memory?.holds ?? []).filter((hold) => hold[0] > nowMs && hold[1] > wanted);
  holds.push([nowMs + holdMs, wanted]);
  const held = holds[0]?.[1] ?? wanted;

  const newest = errors.forecasts[errors.forecasts.length - 1];
  const due = newest === undefined || nowMs + startupMs - newest[0] >= startupMs / FORECASTS_KEPT;
  const forecasts = due ? [...errors.forecasts, [nowMs + startupMs, forecast] as const] : errors.forecasts;
  return {
    instances: within(limits, held),
    memory: {
      rate,
      longRate,
      unhindered: flowing,
      errorSquare: errors.errorSquare,
      comparedMs: errors.comparedMs,
      peak: errors.peak,
      lastRequestMs,
      levels,
      forecasts,
      holds,
    },
    steps: { rate: rate * 1000, load, forecast, headroom, backlog, level, exact, wanted, held },
  };
}

type Errors = Pick<PredictiveMemory, 'errorSquare' | 'comparedMs' | 'peak' | 'forecasts'>;

/** Compares the forecast whose time has come, if one has, with the most that would have been in service since the one before. */
function compareForecast(
  memory: PredictiveMemory | null,
  nowMs: number,
  flowing: number,
  errorMemoryMs: number,
): Errors {
  const {
    errorSquare,
    comparedMs,
    peak: before,
    forecasts,
  } = memory ?? {
    errorSquare: 0,
    comparedMs: nowMs,
    peak: 0,
    forecasts: [],
  };
  const peak = Math.max(before, flowing);
  const oldest = forecasts[0];
  if (oldest === undefined || oldest[0] > nowMs) return { errorSquare, comparedMs, peak, forecasts };
  const above = Math.max(0, peak - oldest[1]);
  const forget = decay(nowMs - comparedMs, errorMemoryMs);
  return {
    // Half of all errors are negative and count as none: twice the rest is a variance.
    errorSquare: errorSquare * forget + 2 * above * above * (1 - forget),
    comparedMs: nowMs,
    peak: flowing,
    forecasts: forecasts.slice(1),
  };
}
