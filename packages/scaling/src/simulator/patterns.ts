import type { ArrivalTrace } from './arrivals';
import { exponential, randomStream, type Random } from './random';

/** Shapes of load that need no file. Rates are requests per second. */
export type Pattern =
  | { readonly kind: 'constant'; readonly rate: number }
  /** From nothing to `rate` at a third of the time, and back at two thirds. */
  | { readonly kind: 'step'; readonly rate: number }
  | { readonly kind: 'ramp'; readonly rate: number }
  /** Between nothing and `rate` with one period per `periodMs`. */
  | { readonly kind: 'sine'; readonly rate: number; readonly periodMs: number }
  /** `rate` for a tenth of each period, a tenth of that between. */
  | { readonly kind: 'spikes'; readonly rate: number; readonly periodMs: number }
  /** On for a third of `periodMs` in the mean, off for two thirds, both of exponential length; off is a hundredth of `rate`. */
  | { readonly kind: 'on-off'; readonly rate: number; readonly periodMs: number }
  /** A tenth of `rate`, and about one jump per `periodMs` to up to `rate` that fades within a tenth of it. */
  | { readonly kind: 'flash'; readonly rate: number; readonly periodMs: number };

export type PatternKind = Pattern['kind'];
export const PATTERN_KINDS: readonly PatternKind[] = [
  'constant',
  'step',
  'ramp',
  'sine',
  'spikes',
  'on-off',
  'flash',
];

/** The rate as a function of time; what is random about the shape comes from the seed. */
function rateOf(pattern: Pattern, lengthMs: number, seed: number): (ms: number) => number {
  const { rate } = pattern;
  switch (pattern.kind) {
    case 'constant':
      return () => rate;
    case 'step':
      return (ms) => (ms / lengthMs >= 1 / 3 && ms / lengthMs < 2 / 3 ? rate : 0);
    case 'ramp':
      return (ms) => (rate * ms) / lengthMs;
    case 'sine':
      return (ms) => (rate * (1 - Math.cos((2 * Math.PI * ms) / pattern.periodMs))) / 2;
    case 'spikes':
      return (ms) => ((ms % pattern.periodMs) / pattern.periodMs < 0.1 ? rate : rate / 10);
    case 'on-off':
      return onOff(rate, pattern.periodMs, randomStream(seed, 'shape'));
    case 'flash':
      return flashes(rate, pattern.periodMs, randomStream(seed, 'shape'));
  }
}

/** To be asked for ascending times. */
function onOff(rate: number, periodMs: number, random: Random): (ms: number) => number {
  let on = false;
  let untilMs = 0;
  return (ms) => {
    while (ms >= untilMs) {
      on = !on;
      untilMs += ((exponential(random) * periodMs) / 3) * (on ? 1 : 2);
    }
    return on ? rate : rate / 100;
  };
}

/** To be asked for ascending times. */
function flashes(rate: number, periodMs: number, random: Random): (ms: number) => number {
  let nextMs = exponential(random) * periodMs;
  let height = 0;
  let lastMs = 0;
  return (ms) => {
    height *= Math.exp((-10 * (ms - lastMs)) / periodMs);
    lastMs = ms;
    for (; ms >= nextMs; nextMs += exponential(random) * periodMs) {
      height = Math.max(height, (rate * (1 + random())) / 2);
    }
    return rate / 10 + height;
  };
}

/** Per-second Poisson counts of a pattern. @throws RangeError for a rate or length that is not positive */
export function patternTrace(pattern: Pattern, lengthMs: number, seed: number): ArrivalTrace {
  if (!(pattern.rate > 0 && lengthMs >= 1000))
    throw new RangeError('a pattern needs a positive rate and at least one second');
  const random = randomStream(seed, 'pattern');
  const rateAt = rateOf(pattern, lengthMs, seed);
  const counts = Array.from({ length: Math.floor(lengthMs / 1000) }, (_, second) => {
    const rate = rateAt(second * 1000);
    let count = 0;
    for (let sum = exponential(random); sum < rate; sum += exponential(random)) count += 1;
    return count;
  });
  return { name: pattern.kind, stepMs: 1000, counts };
}
