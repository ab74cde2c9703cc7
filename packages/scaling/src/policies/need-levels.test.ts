import * as fc from 'fast-check';
import { levelExceededBy, NO_LEVELS, noteNeed, type NeedLevels } from './need-levels';

const MEMORY_MS = 60_000;

test('the level that all but a share of the arrivals needed no more than', () => {
  let levels: NeedLevels = NO_LEVELS;
  expect(levelExceededBy(levels, 0.05)).toBe(0);
  for (let k = 0; k < 94; k += 1) levels = noteNeed(levels, 0, MEMORY_MS, 1, 2);
  for (let k = 0; k < 6; k += 1) levels = noteNeed(levels, 0, MEMORY_MS, 1, 9);
  expect(levelExceededBy(levels, 0.05)).toBe(9);
  expect(levelExceededBy(levels, 0.07)).toBe(2);
});

test('older arrivals fade, time without arrivals changes nothing', () => {
  let levels = noteNeed(NO_LEVELS, 0, MEMORY_MS, 100, 30);
  levels = noteNeed(levels, 10 * MEMORY_MS, MEMORY_MS, 0, 0);
  expect(levelExceededBy(levels, 0.05)).toBe(30);
  for (let k = 0; k < 60; k += 1) levels = noteNeed(levels, 5_000, MEMORY_MS, 10, 3);
  expect(levelExceededBy(levels, 0.05)).toBe(3);
});

test('days on end change neither the level nor let numbers grow without bound', () => {
  let levels = NO_LEVELS;
  for (let hour = 0; hour < 2_000; hour += 1) {
    levels = noteNeed(levels, 3_600_000, MEMORY_MS, 5, 4);
    expect(Number.isFinite(levels.unit) && Number.isFinite(levels.total)).toBe(true);
  }
  expect(levelExceededBy(levels, 0.05)).toBe(4);
  expect(levels.counts.length).toBe(5);
});

test('is between nothing and the most that was needed, and falls with the share', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 100_000 }), fc.nat(20), fc.nat(40)), { maxLength: 50 }),
      (steps) => {
        const levels = steps.reduce(
          (sofar, [elapsedMs, arrivals, need]) => noteNeed(sofar, elapsedMs, MEMORY_MS, arrivals, need),
          NO_LEVELS,
        );
        const found = [0.01, 0.1, 0.5].map((share) => levelExceededBy(levels, share));
        expect(found).toEqual([...found].sort((a, b) => b - a));
        expect(found[0]).toBeLessThanOrEqual(Math.max(0, ...steps.map(([, , need]) => need)));
      },
    ),
  );
});
