import fc from 'fast-check';
import { DEFAULT_SCALING, type ScalingConfig } from './scaling-config';
import { normalizeFactor, scaleService, type ScalingState } from './scale-service';

type Overrides = Partial<ScalingConfig> & { readonly ticks?: number };
/** name, overrides, total, outstanding, target, healthy, expired, then the amount, the count and the target expected. */
type Vector = [string, Overrides, number, number, number, number, number, number, number, number];

/** Base A of 1.3: the configuration of the original's unit tests. */
const BASE_A: ScalingConfig = {
  ...DEFAULT_SCALING,
  scaleUpFactor: 0.5,
  scaleDownFactor: 0.5,
  maxInstances: 50,
  jitterThreshold: 0.9,
};

// prettier-ignore
const VECTORS_A: readonly Vector[] = [
  ['V1', { scaleUpFactor: 0.999, scaleDownFactor: 0.999 }, 5, 10, 5, 5, 0, 5, 10, 9.995],
  ['V2', { scaleUpFactor: 0.999 }, 5, 4, 10, 5, 0, 0, 5, 7],
  ['V3', {}, 10, 20, 10, 10, 0, 5, 15, 15],
  ['V4', { ticks: 2 }, 0, 20, 0, 0, 0, 15, 15, 15],
  ['V5', {}, 50, 100, 50, 50, 0, 0, 50, 50],
  ['V6', {}, 1, 0, 1, 1, 0, 0, 1, 1],
  ['V7', {}, 60, 100, 60, 60, 0, -10, 50, 50],
  ['V8', {}, 0, 0, 0, 0, 0, 1, 1, 1],
  ['V9', { scaleUpFactor: 0.89 }, 1, 2, 1, 1, 0, 0, 1, 1.89],
  ['V10', { scaleUpFactor: 0.91 }, 1, 2, 1, 1, 0, 1, 2, 1.91],
  ['V11', { scaleDownFactor: 0.98 }, 2, 1, 2, 2, 0, 0, 2, 1.02],
  ['V12', { scaleDownFactor: 1 }, 2, 1, 2, 2, 0, -1, 1, 1],
  ['V13', {}, 2, 1, 1.01, 1, 0, -1, 1, 1.005],
  ['V14', { scaleFactor: 0.5 }, 10, 60, 10, 10, 0, 10, 20, 20],
  ['V15', { concurrencyLevel: 2 }, 10, 60, 10, 10, 0, 10, 20, 20],
  ['V16', { scaleUpFactor: 0.999, scaleDownFactor: 0.999, concurrencyLevel: 2 }, 10, 60, 10, 10, 0, 20, 30, 29.98],
  ['V17', { concurrencyLevel: 5 }, 2, 50, 2, 2, 0, 4, 6, 6],
  ['V18', { scaleUpFactor: 0.999, scaleDownFactor: 0.999, concurrencyLevel: 5 }, 2, 50, 2, 2, 0, 8, 10, 9.992],
  ['V19', { scaleUpFactor: 0.999, scaleDownFactor: 0.999, concurrencyLevel: 2, scaleFactor: 0.1 }, 1, 45, 1, 1, 0, 2, 3, 2.998],
  ['V20', { scaleUpFactor: 0.999, scaleDownFactor: 0.999, concurrencyLevel: 5, scaleFactor: 0.166666666 }, 1, 45, 1, 1, 0, 1, 2, 1.999],
  ['V21', { scaleUpFactor: 0.999, scaleDownFactor: 0.999, concurrencyLevel: 5, scaleFactor: 0.1 }, 1, 95, 1, 1, 0, 1, 2, 1.999],
  ['V22', { scaleUpFactor: 0.999, scaleDownFactor: 0.999, concurrencyLevel: 5, scaleFactor: 0.1 }, 1, 150, 1, 1, 0, 2, 3, 2.998],
  ['V23', {}, 1, 0, 1.2, 1, 1, 1, 2, 1],
  ['V24', { scaleUpFactor: 0.999, scaleDownFactor: 0.999 }, 1, 2, 0.9, 1, 1, 2, 3, 1.9989],
  ['V25', { scaleUpFactor: 0.999, scaleDownFactor: 0.999 }, 5, 0, 5.3, 5, 5, -4, 1, 1],
  ['V26', { scaleUpFactor: 0.1, scaleDownFactor: 0.001 }, 10, 0, 7.927, 9, 0, -2, 8, 7.9191],
  ['V27', { scaleUpFactor: 0.1, scaleDownFactor: 0.001 }, 9, 0, 7.927, 8, 0, -1, 8, 7.9191],
  ['V28', {}, 2, 0, 1.3, 1, 1, 0, 2, 1],
  ['V29', {}, 2, 0, 1.1, 2, 1, -1, 1, 1],
  ['V30', {}, 20, 20, 19.9, 20, 20, 2, 22, 19.95],
  ['V31', { expiredInstanceRestartRate: 1 }, 20, 20, 20, 20, 20, 20, 40, 20],
  ['V32', { expiredInstanceRestartRate: 0 }, 1, 0, 1, 1, 1, 0, 1, 1],
  ['V33', { expiredInstanceRestartRate: 1 }, 1, 1, 1, 0, 1, 1, 2, 1],
  ['V34', { expiredInstanceRestartRate: 1 }, 3, 5, 5, 2, 1, 3, 6, 5],
];

// prettier-ignore
const VECTORS_B: readonly Vector[] = [
  ['V35', {}, 1, 10, 1, 1, 0, 1, 2, 1.9],
  ['V36', {}, 1, 100, 1, 1, 0, 10, 11, 10.899999999999999],
  ['V37', { ticks: 5 }, 1, 100, 1, 1, 0, 41, 42, 41.541489999999996],
  ['V38', { ticks: 60 }, 1, 100, 1, 1, 0, 99, 100, 99.82209598030848],
  ['V39', { ticks: 0 }, 1, 100, 1, 1, 0, 0, 1, 1],
  ['V40', { ticks: 0 }, 5, 100, 1, 5, 0, -4, 1, 1],
  ['V41', {}, 100, 0, 100, 100, 0, 0, 100, 99.9],
  ['V42', { ticks: 60 }, 100, 0, 100, 100, 0, -5, 95, 94.17362622231681],
  ['V43', { ticks: 600 }, 100, 0, 100, 100, 0, -45, 55, 54.86469074854967],
  ['V44', {}, 10, 10, 9.4, 10, 0, 0, 10, 9.46],
  ['V45', {}, 10, 16, 10, 10, 0, 1, 11, 10.6],
  ['V46', {}, 10, 15, 10, 10, 0, 1, 11, 10.5],
  ['V47', {}, 10, 14, 10, 10, 0, 0, 10, 10.4],
  ['V48', {}, 10, 11, 10, 10, 0, 0, 10, 10.1],
  ['V49', { minInstances: 3 }, 1, 0, 1, 1, 0, 2, 3, 3],
  ['V50', { minInstances: 3 }, 5, 0, 3.2, 5, 0, -1, 4, 3.1968],
  ['V51', { maxInstances: 5 }, 5, 100, 5, 5, 0, 0, 5, 5],
  ['V52', { maxInstances: 5 }, 5, 100, 5, 5, 5, 1, 6, 5],
  ['V53', { maxInstances: 5, expiredInstanceRestartRate: 1 }, 5, 100, 5, 5, 5, 5, 10, 5],
  ['V54', { concurrencyLevel: 10 }, 2, 95, 2, 2, 0, 1, 3, 2.8],
  ['V55', { concurrencyLevel: 10 }, 2, 20, 2, 2, 0, 0, 2, 2],
  ['V56', { concurrencyLevel: 10, scaleFactor: 0.5 }, 2, 95, 2, 2, 0, 0, 2, 2.3],
  ['V57', { scaleFactor: 2 }, 4, 6, 4, 4, 0, 1, 5, 4.8],
  ['V58', {}, 10, 5, 10, 10, 1, 1, 11, 9.995000000000001],
  ['V59', {}, 10, 10, 10, 9, 1, 1, 11, 10],
  ['V60', {}, 11, 10, 10, 11, 1, -1, 10, 10],
  ['V61', {}, 11, 10, 10, 10, 1, 0, 11, 10],
  ['V62', {}, 11, 10, 10, 10, 2, 0, 11, 10],
  ['V63', { expiredInstanceRestartRate: 0.5 }, 10, 10, 10, 10, 3, 2, 12, 10],
  ['V64', { jitterThreshold: 0 }, 10, 10, 9.98, 10, 0, 0, 10, 9.982000000000001],
  ['V65', { jitterThreshold: 0 }, 10, 12, 10, 10, 0, 1, 11, 10.2],
  ['V66', { jitterThreshold: 0.9 }, 3, 12, 3, 3, 0, 0, 3, 3.9],
];

function evaluate(base: ScalingConfig, vector: Vector) {
  const [, { ticks = 1, ...overrides }, total, outstanding, target, healthy, expired] = vector;
  const state: ScalingState = {
    outstanding,
    targetInstances: target,
    totalInstances: total,
    healthyInstances: healthy,
    expiredInstances: expired,
  };
  return scaleService({ ...base, ...overrides }, state, ticks);
}

describe('scaleService: worked vectors of scaling-and-schedulers 1.3', () => {
  test.each(VECTORS_A)('%s (base A)', (...vector) => {
    const result = evaluate(BASE_A, vector);
    expect([result.scaleAmount, result.scaleToInstances]).toEqual([vector[7], vector[8]]);
    expect(Object.is(result.scaleAmount, -0)).toBe(false);
    expect(Math.abs(result.targetInstances - vector[9])).toBeLessThan(0.01);
  });

  test.each(VECTORS_B)('%s (base B: production defaults)', (...vector) => {
    const result = evaluate(DEFAULT_SCALING, vector);
    expect([result.scaleAmount, result.scaleToInstances]).toEqual([vector[7], vector[8]]);
    expect(Object.is(result.scaleAmount, -0)).toBe(false);
    // Powers may differ in the last bit between run-times; nothing else may.
    expect(Math.abs(result.targetInstances - vector[9])).toBeLessThan(1e-12);
  });
});

test.each([
  [0.5, 0, 0],
  [0.5, 1, 0.5],
  [0.5, 2, 0.75],
  [0.6, 2, 0.84],
  [0.6, 3, 0.936],
  [0.6, 4, 0.9744],
  [1.6, 1, 1.6],
  [1.6, 2, 0.64],
  [1.6, 3, 1.216],
  [1.6, 4, 0.8704],
])('norm(%d, %d) = %d', (factor, ticks, expected) => {
  expect(normalizeFactor(factor, ticks)).toBeCloseTo(expected, 12);
});

test('norm: two halves of a second close as much of the gap as a whole one', () => {
  const half = normalizeFactor(0.1, 0.5);
  expect(1 - (1 - half) ** 2).toBeCloseTo(normalizeFactor(0.1, 1), 12);
});

describe('scaleService: sequences of 1.3 (base B, one pass per second)', () => {
  const next = (total: number, outstanding: number, target: number, healthy: number, expired: number) =>
    evaluate(DEFAULT_SCALING, ['', {}, total, outstanding, target, healthy, expired, 0, 0, 0]);

  test('S1 ramp: 50 outstanding from 1 instance', () => {
    let [total, target] = [1, 1];
    const counts: number[] = [];
    const targets: number[] = [];
    for (let second = 0; second < 12; second++) {
      const result = next(total, 50, target, total, 0);
      [total, target] = [result.scaleToInstances, result.targetInstances];
      counts.push(total);
      targets.push(Number(target.toFixed(6)));
    }
    expect(counts).toEqual([6, 11, 15, 18, 22, 24, 27, 29, 32, 33, 35, 37]);
    expect(targets).toEqual([
      5.9, 10.31, 14.279, 17.8511, 21.06599, 23.959391, 26.563452, 28.907107, 31.016396, 32.914756, 34.623281,
      36.160953,
    ]);
  });

  test('S2 decay: 50 instances, nothing outstanding, one kill per negative pass', () => {
    let [total, target] = [50, 50];
    const kills: number[] = [];
    for (let second = 0; total > 1 && second < 10_000; second++) {
      const result = next(total, 0, target, total, 0);
      target = result.targetInstances;
      if (result.scaleAmount < 0) {
        total -= 1;
        kills.push(second);
      }
    }
    expect(kills.slice(0, 8)).toEqual([19, 40, 61, 83, 105, 127, 150, 174]);
    // The pass of second 3900 is the 3,901st.
    expect(kills.at(-1)).toBe(3900);
  });

  test('S3 rolling replacement: 10 expired are replaced one at a time, never more than 11 at once', () => {
    let [total, expired, target] = [10, 10, 10];
    const amounts: number[] = [];
    while (expired > 0 && amounts.length < 100) {
      const result = next(total, 10, target, total, expired);
      target = result.targetInstances;
      amounts.push(result.scaleAmount);
      if (result.scaleAmount < 0) expired -= 1;
      total += Math.sign(result.scaleAmount);
      expect(total).toBeLessThanOrEqual(11);
    }
    expect(amounts).toEqual(Array.from({ length: 20 }, (_, pass) => (pass % 2 === 0 ? 1 : -1)));
  });
});

describe('scaleService: what it says', () => {
  test('the reason is a sentence with the numbers', () => {
    const result = evaluate(DEFAULT_SCALING, ['', {}, 1, 2, 1.9, 1, 0, 0, 0, 0]);
    expect(result.reason).toBe(
      '2 queued+in flight at concurrency 1 want 2 instances; target 1.91, 1 running: start 1',
    );
  });

  test('every number on the way is in the result', () => {
    const result = evaluate(DEFAULT_SCALING, ['', { maxInstances: 5 }, 5, 100, 5, 5, 5, 0, 0, 0]);
    expect(result).toMatchObject({ ideal: 100, delta: 0, clamped: 'max-instances', replace: 1, excess: 0 });
    expect(result.smoothedUp).toBeCloseTo(14.5, 12);
    expect(result.smoothedDown).toBeCloseTo(5.095, 12);
  });

  test('what holds it back is named', () => {
    expect(evaluate(DEFAULT_SCALING, ['', {}, 2, 1, 4, 2, 0, 0, 0, 0]).held).toBe('ideal-covered');
    expect(evaluate(DEFAULT_SCALING, ['', {}, 10, 14, 10, 10, 0, 0, 0, 0]).held).toBe('jitter');
  });

  test.each([
    [{ concurrencyLevel: 0 }, 'concurrency-level'],
    [{ scaleFactor: 0 }, 'scale-factor'],
    [{ scaleFactor: 2.1 }, 'scale-factor'],
    [{ scaleUpFactor: 1.1 }, 'scale-up-factor'],
    [{ scaleDownFactor: -0.1 }, 'scale-down-factor'],
    [{ jitterThreshold: 1 }, 'jitter-threshold'],
    [{ minInstances: -1 }, 'min-instances'],
    [{ maxInstances: Number.NaN }, 'max-instances'],
    [{ ticks: -1 }, 'scale-ticks'],
  ])('refuses %j', (overrides, name) => {
    expect(() => evaluate(DEFAULT_SCALING, ['', overrides, 1, 1, 1, 1, 0, 0, 0, 0])).toThrow(name);
  });
});

test('property: without expired instances the count stays between the bounds or moves towards them', () => {
  const count = fc.integer({ min: 0, max: 60 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(
      fc.record({ total: count, outstanding: count, target: fc.double({ min: 0, max: 60, noNaN: true }) }),
      fc.record({
        min: count,
        max: count,
        up: share,
        down: share,
        ticks: fc.double({ min: 0, max: 100, noNaN: true }),
      }),
      ({ total, outstanding, target }, { min, max, up, down, ticks }) => {
        const overrides = {
          minInstances: min,
          maxInstances: max,
          scaleUpFactor: up,
          scaleDownFactor: down,
          ticks,
        };
        const result = evaluate(DEFAULT_SCALING, [
          '',
          overrides,
          total,
          outstanding,
          target,
          total,
          0,
          0,
          0,
          0,
        ]);
        const to = result.scaleToInstances;
        expect(Number.isInteger(to)).toBe(true);
        expect(Object.is(result.scaleAmount, -0)).toBe(false);
        expect(result.scaleAmount).toBe(to - total);
        expect(to).toBeLessThanOrEqual(Math.max(total, min, max));
        expect(to).toBeGreaterThanOrEqual(Math.min(total, min));
        expect(result.targetInstances).toBeGreaterThanOrEqual(min);
        if (result.scaleAmount > 0 && total >= min) expect(result.ideal).toBeGreaterThan(total);
      },
    ),
  );
});
