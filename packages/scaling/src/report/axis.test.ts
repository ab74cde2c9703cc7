import { clockLines, numberLines } from './axis';

const MINUTE = 60_000;

test('times are marked at whole minutes, hours and days', () => {
  expect(clockLines(29.9 * MINUTE).map((ms) => ms / MINUTE)).toEqual([0, 5, 10, 15, 20, 25]);
  expect(clockLines(24 * 60 * MINUTE).map((ms) => ms / MINUTE / 60)).toEqual([0, 6, 12, 18, 24]);
  expect(clockLines(14 * 1440 * MINUTE).map((ms) => ms / MINUTE / 1440)).toEqual([0, 2.5, 5, 7.5, 10, 12.5]);
  expect(clockLines(3000)).toEqual([0, 1000, 2000, 3000]);
});

test('numbers are marked at round ones', () => {
  expect(numberLines(93.6)).toEqual([0, 20, 40, 60, 80]);
  expect(numberLines(3600)).toEqual([0, 1000, 2000, 3000]);
  expect(numberLines(0.7)).toHaveLength(4);
});
