import { knative } from './knative';
import { kubernetes } from './kubernetes';
import { originalProduction } from './original';
import { oracle } from './oracle';
import type { Observation, Policy } from './policy';
import { targetTracking } from './target-tracking';
import { maxOver, meanOver, remember, type Window } from './window';

const LIMITS = { concurrencyLevel: 1, minInstances: 1, maxInstances: 1000 };

/** Asks a policy at its interval; demand by time, instances follow at once. */
function drive(
  policy: Policy,
  demandAt: (nowMs: number) => number,
  lengthMs: number,
  { limits = LIMITS, instant = true } = {},
): number[] {
  let memory: unknown = null;
  let total = 1;
  const wanted: number[] = [];
  for (let nowMs = 0; nowMs <= lengthMs; nowMs += policy.intervalMs) {
    const demand = demandAt(nowMs);
    const seen: Observation = {
      nowMs,
      elapsedMs: nowMs === 0 ? 0 : policy.intervalMs,
      inFlight: Math.min(demand, total),
      queued: Math.max(0, demand - total),
      meanDemand: demand,
      arrivals: demand,
      total,
      ready: instant ? total : 1,
      startupMs: 5000,
      serviceMs: 1000,
    };
    const decision = policy.decide(limits, seen, memory);
    // What is carried over must survive a way through Redis.
    memory = JSON.parse(JSON.stringify(decision.memory));
    total = decision.instances;
    wanted.push(total);
  }
  return wanted;
}

test('original: sequence S1 of the spec (1.3)', () => {
  expect(drive(originalProduction, () => 50, 12_000).slice(1)).toEqual([
    6, 11, 15, 18, 22, 24, 27, 29, 32, 33, 35, 37,
  ]);
});

describe('kpa', () => {
  test('keeps instances at 70% of their slots over the stable window', () => {
    expect(drive(knative, () => 7, 120_000).at(-1)).toBe(10);
    expect(drive(knative, () => 7, 120_000, { limits: { ...LIMITS, concurrencyLevel: 5 } }).at(-1)).toBe(2);
  });

  test('panics at twice what is ready and does not go down for 60 s', () => {
    const wanted = drive(knative, (ms) => (ms > 60_000 && ms <= 66_000 ? 70 : 0.7), 160_000);
    const at = (ms: number): number | undefined => wanted[ms / 2000];
    expect(at(60_000)).toBe(1);
    expect(at(66_000)).toBe(100);
    expect(at(120_000)).toBe(100);
    expect(at(160_000)).toBeLessThan(20);
  });

  test('goes down by half of what is ready at most per tick', () => {
    const wanted = drive(knative, (ms) => (ms < 120_000 ? 64 * 0.7 : 0), 400_000);
    wanted.slice(1).forEach((count, index) => {
      expect(count).toBeGreaterThanOrEqual(Math.floor((wanted[index] ?? 0) / 2));
    });
    expect(wanted.at(-1)).toBe(1);
  });

  test('waits 30 s with the last one where zero is allowed', () => {
    const wanted = drive(knative, (ms) => (ms < 10_000 ? 0.5 : 0), 200_000, {
      limits: { ...LIMITS, minInstances: 0 },
    });
    const goneAt = wanted.indexOf(0) * 2000;
    expect(goneAt).toBeGreaterThanOrEqual(10_000 + 60_000 + 28_000);
    expect(goneAt).toBeLessThanOrEqual(10_000 + 60_000 + 34_000);
  });
});

describe('hpa', () => {
  test('ignores 10% and goes to the target of 80%', () => {
    const wanted = drive(kubernetes, () => 8, 120_000);
    expect(wanted.at(-1)).toBe(10);
    expect(drive(kubernetes, (ms) => (ms < 60_000 ? 8 : 8.7), 120_000).at(-1)).toBe(10);
    expect(drive(kubernetes, (ms) => (ms < 60_000 ? 8 : 9), 120_000).at(-1)).toBe(12);
  });

  test('grows by twice or by four per sync', () => {
    expect(drive(kubernetes, () => 1000, 60_000)).toEqual([5, 10, 20, 40, 80]);
  });

  test('goes down to the highest recommendation of five minutes', () => {
    const wanted = drive(kubernetes, (ms) => (ms <= 120_000 ? 80 : 8), 600_000);
    expect(wanted[Math.floor(405_000 / 15_000)]).toBe(100);
    expect(wanted.at(-1)).toBe(10);
  });

  test('counts starting instances as unused, and does not turn round for them', () => {
    // Ten requests for one ready instance want 13; while they start nothing more is added.
    expect(drive(kubernetes, () => 10, 90_000, { instant: false }).at(-1)).toBe(13);
  });

  test('keeps one where zero is allowed', () => {
    expect(drive(kubernetes, () => 0, 900_000, { limits: { ...LIMITS, minInstances: 0 } }).at(-1)).toBe(1);
  });
});

test('target-tracking: three minutes above the target, then a cooldown of five', () => {
  const wanted = drive(targetTracking, () => 100, 20 * 60_000);
  expect(wanted.slice(0, 10)).toEqual([1, 1, 1, 2, 2, 2, 2, 2, 3, 3]);
});

test('oracle: what is needed until a start-up from now', () => {
  const future = Int32Array.from({ length: 100 }, (_, second) => (second === 50 ? 9 : 1));
  const wanted = drive(oracle(future), () => 0, 60_000);
  expect(wanted.map((count, second) => (count === 9 ? second : -1)).filter((second) => second >= 0)).toEqual([
    43, 44, 45, 46, 47, 48, 49, 50,
  ]);
});

test('windows: time-weighted means and maxima of what ended within', () => {
  let window: Window = [];
  [4, 8, 2].forEach((value, index) => {
    window = remember(window, (index + 1) * 1000, 1000, value, 2500);
  });
  expect(window).toHaveLength(3);
  expect(meanOver(window, 3000, 2000)).toBe(5);
  expect(maxOver(window, 3000, 2000, 0)).toBe(8);
  expect(meanOver(window, 9000, 2000)).toBeNull();
  expect(remember(window, 4000, 0, 9, 1500)).toEqual([[3000, 1000, 2]]);
});
