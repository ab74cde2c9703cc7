import * as fc from 'fast-check';
import type { Observation, PolicyLimits } from './policy';
import { predictive, type PredictiveMemory } from './predictive';
import { PREDICTIVE } from './predictive-constants';

const LIMITS: PolicyLimits = { concurrencyLevel: 1, minInstances: 1, maxInstances: 500 };
const QUIET: Observation = {
  nowMs: 0,
  elapsedMs: 250,
  inFlight: 0,
  queued: 0,
  meanDemand: 0,
  arrivals: 0,
  total: 1,
  ready: 1,
  startupMs: 5000,
  serviceMs: 1000,
};
const policy = predictive(PREDICTIVE);

/** Asks every `everyMs` with what `at` says; instances follow at once. Returns what is wanted each time. */
function drive(
  at: (nowMs: number) => Partial<Observation>,
  lengthMs: number,
  { everyMs = 250, limits = LIMITS } = {},
): number[] {
  let memory: PredictiveMemory | null = null;
  let total = 1;
  const wanted: number[] = [];
  for (let nowMs = 0; nowMs <= lengthMs; nowMs += everyMs) {
    const seen = { ...QUIET, elapsedMs: nowMs === 0 ? 0 : everyMs, total, ready: total, ...at(nowMs), nowMs };
    const decision: ReturnType<typeof policy.decide> = policy.decide(limits, seen, memory);
    memory = JSON.parse(JSON.stringify(decision.memory)) as PredictiveMemory;
    total = decision.instances;
    wanted.push(total);
  }
  return wanted;
}

test('is pure: the same state gives the same decision, and what is carried over is plain data', () => {
  const seen = { ...QUIET, nowMs: 1000, inFlight: 3, queued: 2, arrivals: 4 };
  const first = policy.decide(LIMITS, seen, null);
  expect(policy.decide(LIMITS, seen, null)).toEqual(first);
  const frozen = JSON.stringify(first.memory);
  const next = policy.decide(LIMITS, { ...seen, nowMs: 1250 }, first.memory);
  expect(JSON.stringify(first.memory)).toBe(frozen);
  expect(policy.decide(LIMITS, { ...seen, nowMs: 1250 }, JSON.parse(frozen))).toEqual(next);
});

test('a steady load gets its mean and a few standard deviations', () => {
  // 40 requests per second of one second each: 40 in flight.
  const wanted = drive(() => ({ inFlight: 40, arrivals: 10 }), 300_000).at(-1) ?? 0;
  expect(wanted).toBeGreaterThan(40);
  expect(wanted).toBeLessThan(40 + 4 * Math.sqrt(40));
});

test('keeps more headroom where a late start costs more', () => {
  const steady = (startupMs: number): number =>
    drive(() => ({ inFlight: 40, arrivals: 10, startupMs }), 300_000).at(-1) ?? 0;
  expect(steady(1000)).toBeLessThan(steady(30_000));
});

test('a queue of long requests gets instances at once, one of short ones only what it will need', () => {
  const burst = { queued: 60, inFlight: 1, arrivals: 61 };
  const at = (serviceMs: number): number =>
    policy.decide(LIMITS, { ...QUIET, ...burst, serviceMs, elapsedMs: 0 }, null).instances;
  expect(at(10_000)).toBeGreaterThanOrEqual(55);
  // One instance serves sixty requests of 50 ms in three seconds: sooner than another one could start.
  expect(at(50)).toBeLessThan(10);
});

test('where bursts are over before a start helps, what most requests called for stays', () => {
  // Every two minutes 40 requests of 50 ms within a second; an instance takes 30 s to start.
  const burst = (nowMs: number) => (nowMs % 120_000 < 1000 ? { inFlight: 1, arrivals: 10 } : {});
  const kept = (startupMs: number): number =>
    drive((nowMs) => ({ ...burst(nowMs), serviceMs: 50, startupMs }), 600_000).at(-100) ?? 0;
  expect(kept(30_000)).toBeGreaterThanOrEqual(2);
  expect(kept(500)).toBe(1);
});

test('goes down only when nothing more was wanted for the hold-down, which grows with the start-up', () => {
  const heldFor = (startupMs: number): number => {
    const wanted = drive(
      (nowMs) => (nowMs < 60_000 ? { inFlight: 100, arrivals: 25, startupMs } : { startupMs }),
      300_000,
    );
    return wanted.findLastIndex((count) => count >= 100) * 250 - 60_000;
  };
  expect(heldFor(1000)).toBeGreaterThanOrEqual(0);
  expect(heldFor(30_000)).toBeGreaterThan(heldFor(1000) + 10_000);
  // The jump itself was an error of the forecast, which is remembered for some minutes.
  expect(heldFor(30_000)).toBeLessThan(PREDICTIVE.errorMemoryMs);
});

test('the trend only raises the forecast', () => {
  const forecastOf = (slope: number, trendTrust: number): number => {
    const tried = predictive({ ...PREDICTIVE, trendTrust });
    let memory: PredictiveMemory | null = null;
    let forecast = 0;
    for (let nowMs = 0; nowMs <= 120_000; nowMs += 250) {
      const rate = 100 + (slope * (nowMs - 120_000)) / 1000;
      const seen = { ...QUIET, nowMs, inFlight: rate, arrivals: rate / 4 };
      const decision: ReturnType<typeof policy.decide> = tried.decide(LIMITS, seen, memory);
      memory = decision.memory;
      forecast = Number(decision.steps['forecast']);
    }
    return forecast;
  };
  expect(forecastOf(0.8, 1)).toBeGreaterThan(forecastOf(0.8, 0) + 1);
  expect(forecastOf(-0.8, 1)).toBe(forecastOf(-0.8, 0));
});

test('where zero is allowed the last one goes a minute and a start-up after the last request', () => {
  const limits = { ...LIMITS, minInstances: 0 };
  const one = { inFlight: 1, arrivals: 1 };
  const wanted = drive((nowMs) => (nowMs < 5000 && nowMs % 2000 === 0 ? one : {}), 90_000, { limits });
  const goneAt = wanted.indexOf(0) * 250;
  expect(goneAt).toBeGreaterThanOrEqual(4000 + PREDICTIVE.holdLastMs + 5000);
  expect(goneAt).toBeLessThan(4000 + PREDICTIVE.holdLastMs + 20_000);
});

test('real-valued time: asked at odd moments it comes to the same as when asked regularly', () => {
  const load = (everyMs: number): number =>
    drive(() => ({ inFlight: 20, arrivals: (20 * everyMs) / 1000 }), 120_000, { everyMs }).at(-1) ?? 0;
  expect(Math.abs(load(333) - load(250))).toBeLessThanOrEqual(1);
  expect(Math.abs(load(1000) - load(250))).toBeLessThanOrEqual(2);
});

test('whatever is seen, it stays within the limits and its memory stays small and finite', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(50), fc.nat(200), fc.nat(100), fc.integer({ min: 0, max: 60_000 })), {
        minLength: 1,
        maxLength: 200,
      }),
      fc.nat(3),
      fc.constantFrom(1, 5, 100),
      (steps, minInstances, concurrencyLevel) => {
        const limits = { concurrencyLevel, minInstances, maxInstances: 40 };
        let memory: PredictiveMemory | null = null;
        let nowMs = 0;
        for (const [inFlight, queued, arrivals, elapsedMs] of steps) {
          nowMs += elapsedMs;
          const seen = {
            ...QUIET,
            nowMs,
            elapsedMs,
            inFlight,
            queued,
            arrivals,
            startupMs: null,
            serviceMs: null,
          };
          const decision: ReturnType<typeof policy.decide> = policy.decide(limits, seen, memory);
          memory = decision.memory;
          expect(Number.isInteger(decision.instances)).toBe(true);
          expect(decision.instances).toBeGreaterThanOrEqual(minInstances);
          expect(decision.instances).toBeLessThanOrEqual(40);
        }
        expect(memory?.forecasts.length).toBeLessThanOrEqual(20);
        expect(memory?.holds.length).toBeLessThanOrEqual(42);
        for (const value of Object.values(memory ?? {})) {
          if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
        }
      },
    ),
    { numRuns: 50 },
  );
});
