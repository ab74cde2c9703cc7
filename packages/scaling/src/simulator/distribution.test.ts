import { sampler, type Distribution } from './distribution';
import { EventQueue } from './event-queue';
import { randomStream } from './random';
import * as fc from 'fast-check';

const DISTRIBUTIONS: Distribution[] = [
  { kind: 'constant', meanMs: 200 },
  { kind: 'exponential', meanMs: 200 },
  { kind: 'lognormal', meanMs: 200, cv: 0.5 },
  { kind: 'lognormal', meanMs: 200, cv: 2 },
];
const CV = [0, 1, 0.5, 2];

test.each(DISTRIBUTIONS.map((distribution, index) => [distribution, CV[index] ?? 0] as const))(
  'mean and coefficient of variation of %j',
  (distribution, cv) => {
    const draw = sampler(distribution, randomStream(5, 'x'));
    const values = Array.from({ length: 200_000 }, draw);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean / 200 - 1)).toBeLessThan(0.03);
    expect(Math.abs(Math.sqrt(variance) / mean - cv)).toBeLessThan(0.1 + cv * 0.05);
    expect(Math.min(...values.slice(0, 1000))).toBeGreaterThan(0);
  },
);

test('a mean that is not positive is refused', () => {
  for (const meanMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(() => sampler({ kind: 'constant', meanMs }, () => 0)).toThrow(RangeError);
  }
  expect(() => sampler({ kind: 'lognormal', meanMs: 1, cv: 0 }, () => 0)).toThrow(RangeError);
});

test('streams repeat with seed and name, and differ otherwise', () => {
  const draw = (seed: number, name: string): number[] => {
    const random = randomStream(seed, name);
    return Array.from({ length: 5 }, random);
  };
  expect(draw(1, 'a')).toEqual(draw(1, 'a'));
  expect(draw(1, 'a')).not.toEqual(draw(2, 'a'));
  expect(draw(1, 'a')).not.toEqual(draw(1, 'b'));
});

test('events come in order of time, and of entry at the same time', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (times) => {
      const queue = new EventQueue();
      times.forEach((time, index) => queue.push(time, index));
      const expected = times
        .map((_, index) => index)
        .sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
      expect(times.map(() => queue.pop())).toEqual(expected);
      expect(queue.nextMs).toBe(Number.POSITIVE_INFINITY);
    }),
  );
});
