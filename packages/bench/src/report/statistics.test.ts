import fc from 'fast-check';
import { median, percentile, summary } from './statistics';

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i + 1).reverse();

describe('percentile', () => {
  it.each([
    [upTo(30), 0.5, 15],
    [upTo(30), 0.95, 29],
    [upTo(20), 0.95, 19],
    [upTo(100), 0.95, 95],
    [upTo(4), 0, 1],
    [upTo(4), 1, 4],
    [[7], 0.95, 7],
  ])('of %j at %d is %d', (values, p, expected) => {
    expect(percentile(values, p)).toBe(expected);
  });

  it('does not order the values of its caller, and orders by number', () => {
    const values = [10, 9, 100];
    expect(percentile(values, 0.5)).toBe(10);
    expect(values).toEqual([10, 9, 100]);
  });

  it('is a measured value that at least the share p does not exceed, and the smallest such', () => {
    const values = fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 100 }), (list, percent) => {
        const value = percentile(list, percent / 100);
        const shareBelow = (limit: number): number => list.filter((one) => one <= limit).length * 100;
        expect(list).toContain(value);
        expect(shareBelow(value)).toBeGreaterThanOrEqual(percent * list.length);
        const smaller = list.filter((one) => one < value);
        if (smaller.length > 0) expect(shareBelow(Math.max(...smaller))).toBeLessThan(percent * list.length);
      }),
    );
  });

  it('refuses no values, and shares outside 0 to 1', () => {
    expect(() => percentile([], 0.5)).toThrow(RangeError);
    expect(() => percentile([1], 95)).toThrow(RangeError);
    expect(() => percentile([1], NaN)).toThrow(RangeError);
  });
});

it.each([
  [[3, 1, 2], 2],
  [[4, 1, 2, 3], 2.5],
  [[5], 5],
])('median of %j is %d', (values, expected) => {
  expect(median(values)).toBe(expected);
});

it('summary', () => {
  expect(summary(upTo(30))).toEqual({ count: 30, min: 1, p50: 15, p95: 29, max: 30 });
});
