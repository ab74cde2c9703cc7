import { randomStream, type ArrivalTrace } from '../src';
import { exponential, normal, type Random } from '../src/simulator/random';

const HOUR_S = 3600;
const LENGTH_S = 1.5 * HOUR_S;

/** Poisson counts per step of a rate that is given for each. */
function poisson(
  name: string,
  seed: number,
  steps: number,
  stepS: number,
  rateAt: (s: number) => number,
): ArrivalTrace {
  const random = randomStream(seed, name);
  const counts = Array.from({ length: steps }, (_, step) =>
    poissonCount(random, rateAt(step * stepS) * stepS),
  );
  return { name, stepMs: stepS * 1000, counts };
}

function poissonCount(random: Random, mean: number): number {
  if (mean > 500) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  let count = 0;
  for (let sum = exponential(random); sum < mean; sum += exponential(random)) count += 1;
  return count;
}

/** `size` requests within two seconds, every so many minutes, and nothing between. */
const cron = (minutes: number, size: number, lengthS: number): ArrivalTrace => {
  const counts = Array.from({ length: lengthS }, (_, s) => (s % (minutes * 60) < 2 ? size / 2 : 0));
  return { name: `cron every ${minutes} min, ${size} at once`, stepMs: 1000, counts };
};

/** Independent gaps with a Pareto tail: their variance is infinite. */
function paretoGaps(rate: number, shape: number, seed: number): ArrivalTrace {
  const random = randomStream(seed, 'pareto');
  const counts = new Array<number>(LENGTH_S).fill(0);
  const least = (shape - 1) / shape / rate;
  for (let s = 0; s < LENGTH_S; s += least * (1 - random()) ** (-1 / shape))
    counts[Math.floor(s)] = (counts[Math.floor(s)] ?? 0) + 1;
  return { name: `Pareto gaps (shape ${shape}), ${rate}/s`, stepMs: 1000, counts };
}

/** The b-model of self-similar traffic (Wang et al., ICDE 2002): each half of an interval gets `bias` or the rest of its requests. */
function selfSimilar(rate: number, bias: number, seed: number): ArrivalTrace {
  const random = randomStream(seed, 'b-model');
  let shares = [rate * 8192];
  while (shares.length < 8192)
    shares = shares.flatMap((share) => {
      const first = random() < 0.5 ? bias : 1 - bias;
      return [share * first, share * (1 - first)];
    });
  return poisson(`self-similar (b-model, ${bias}), ${rate}/s`, seed, 8192, 1, (s) => shares[s] ?? 0);
}

/** Minute counts as of one function in a public cloud: a day's course, log-normal from minute to minute, some minutes of nothing. */
function functionMinutes(rate: number, seed: number): ArrivalTrace {
  const random = randomStream(seed, 'minutes');
  return poisson(`minute counts of a function, ${rate}/s`, seed, 360, 60, (s) => {
    const course = 1 + 0.8 * Math.sin((2 * Math.PI * s) / (24 * HOUR_S));
    return random() < 0.2 ? 0 : rate * course * Math.exp(0.8 * normal(random) - 0.32);
  });
}

/** Hourly counts as of a large site: smooth, twice as many in the evening as in the night, fewer at the weekend. */
const siteHours = (rate: number, seed: number): ArrivalTrace =>
  poisson(`hourly counts of a site, ${rate}/s`, seed, 48, HOUR_S, (s) => {
    const weekend = s >= 24 * HOUR_S ? 0.8 : 1;
    return rate * weekend * (1 + 0.35 * Math.sin((2 * Math.PI * s) / (24 * HOUR_S) - 2));
  });

/** Loads of kinds that no constant of `predictive` was chosen on. */
export function unseenLoads(seed: number): readonly ArrivalTrace[] {
  const constant = (rate: number): ArrivalTrace =>
    poisson(`constant, ${rate}/s`, seed, LENGTH_S, 1, () => rate);
  return [
    constant(0.02),
    constant(0.5),
    constant(3),
    constant(40),
    poisson('sine of 6 h with an hourly one, 10/s', seed, 6 * HOUR_S, 1, (s) => {
      const wave = (periodS: number): number => Math.sin((2 * Math.PI * s) / periodS);
      return 10 * Math.max(0, 1 + 0.7 * wave(6 * HOUR_S) + 0.25 * wave(HOUR_S));
    }),
    poisson('bursts of 20 s from zero every 10 min, 30/s', seed, LENGTH_S, 1, (s) => (s % 600 < 20 ? 30 : 0)),
    poisson('saw-tooth of 15 min, 25/s', seed, LENGTH_S, 1, (s) => (25 * (s % 900)) / 900),
    poisson('flash crowd, 1/s to 60/s', seed, LENGTH_S, 1, (s) =>
      s < 2400 ? 1 : 1 + 59 * Math.exp(-(s - 2400) / 900),
    ),
    cron(1, 20, LENGTH_S),
    cron(5, 40, LENGTH_S),
    cron(60, 100, 4 * HOUR_S),
    paretoGaps(5, 1.5, seed),
    selfSimilar(6, 0.7, seed),
    functionMinutes(4, seed),
    siteHours(5, seed),
  ];
}
