import type { ArrivalTrace } from './arrivals';
import { exponential, randomStream } from './random';

/** Shapes of load that need no file. Rates are requests per second. */
export type Pattern =
  | { readonly kind: 'constant'; readonly rate: number }
  /** From nothing to `rate` at a third of the time, and back at two thirds. */
  | { readonly kind: 'step'; readonly rate: number }
  | { readonly kind: 'ramp'; readonly rate: number }
  /** Between nothing and `rate` with one period per `periodMs`. */
  | { readonly kind: 'sine'; readonly rate: number; readonly periodMs: number }
  /** `rate` for a tenth of each period, a tenth of that between. */
  | { readonly kind: 'spikes'; readonly rate: number; readonly periodMs: number };

export type PatternKind = Pattern['kind'];
export const PATTERN_KINDS: readonly PatternKind[] = ['constant', 'step', 'ramp', 'sine', 'spikes'];

/** The rate at a moment that is `share` of the whole. */
function rateAt(pattern: Pattern, ms: number, lengthMs: number): number {
  const share = ms / lengthMs;
  switch (pattern.kind) {
    case 'constant':
      return pattern.rate;
    case 'step':
      return share >= 1 / 3 && share < 2 / 3 ? pattern.rate : 0;
    case 'ramp':
      return pattern.rate * share;
    case 'sine':
      return (pattern.rate * (1 - Math.cos((2 * Math.PI * ms) / pattern.periodMs))) / 2;
    case 'spikes':
      return (ms % pattern.periodMs) / pattern.periodMs < 0.1 ? pattern.rate : pattern.rate / 10;
  }
}

/** Per-second Poisson counts of a pattern. @throws RangeError for a rate or length that is not positive */
export function patternTrace(pattern: Pattern, lengthMs: number, seed: number): ArrivalTrace {
  if (!(pattern.rate > 0 && lengthMs >= 1000))
    throw new RangeError('a pattern needs a positive rate and at least one second');
  const random = randomStream(seed, 'pattern');
  const counts = Array.from({ length: Math.floor(lengthMs / 1000) }, (_, second) => {
    const rate = rateAt(pattern, second * 1000, lengthMs);
    let count = 0;
    for (let sum = exponential(random); sum < rate; sum += exponential(random)) count += 1;
    return count;
  });
  return { name: pattern.kind, stepMs: 1000, counts };
}
