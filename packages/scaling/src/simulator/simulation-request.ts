import { randomStream, normal } from './random';
import { comparePolicies, type Comparison } from './compare-policies';
import type { ArrivalTrace } from './arrivals';
import { simulateTicks } from './original/simulate-ticks';
import type { ClientCurve, TickSimulationConfig } from './original/simulation-config';
import type { TickState } from './original/tick-state';
import { patternTrace, type Pattern } from './patterns';
import type { RequestSimulationResult } from './simulate-requests';

/** A comparison as plain data, so that it can be handed to another thread. */
export interface ComparisonRequest extends Omit<Comparison, 'trace' | 'samples'> {
  readonly load: { readonly trace: ArrivalTrace } | { readonly pattern: Pattern; readonly lengthMs: number };
}

/** A run of the original's simulator as plain data. */
export interface TickRequest extends Omit<TickSimulationConfig, 'normal' | 'countCancelledDepartures'> {
  /** Durations are drawn from a normal distribution. */
  readonly randomize: boolean;
  readonly seed: number;
  readonly curve: ClientCurve;
}

/** Points of a plot. */
const SAMPLES = 400;

/** @throws RangeError for parameters out of range */
export function runComparison(request: ComparisonRequest): {
  readonly title: string;
  readonly results: readonly RequestSimulationResult[];
} {
  const { load, ...rest } = request;
  const trace = 'trace' in load ? load.trace : patternTrace(load.pattern, load.lengthMs, rest.seed);
  const results = comparePolicies({ ...rest, trace, samples: SAMPLES });
  return { title: trace.name, results };
}

/** @throws RangeError for parameters out of range */
export function runTicks({ randomize, seed, curve, ...config }: TickRequest): TickState[] {
  const stream = randomStream(seed, 'ticks');
  return simulateTicks(
    { ...config, normal: randomize ? () => normal(stream) : null, countCancelledDepartures: false },
    curve,
  );
}

/**
 * Reads a curve of clients as JSON: tick to how many come (positive) or leave (negative).
 * @throws RangeError that says what is wrong
 */
export function parseClientCurve(json: unknown): ClientCurve {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new RangeError(
      '"client-curve" must be an object of ticks and changes, such as {"600": 100, "1800": -100}',
    );
  }
  const curve: Record<number, number> = {};
  for (const [tick, change] of Object.entries(json)) {
    if (!/^\d{1,6}$/.test(tick) || !Number.isSafeInteger(change)) {
      throw new RangeError(
        `"client-curve" must hold whole numbers, not ${JSON.stringify(tick.slice(0, 40))}`,
      );
    }
    curve[Number(tick)] = Number(change);
  }
  return curve;
}

/** A state with the keys of the original: kebab-case. */
export function tickStateOnWire(state: TickState): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(state).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
      value as unknown,
    ]),
  );
}
