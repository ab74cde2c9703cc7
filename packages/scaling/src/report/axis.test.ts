import { clockLabel, clockLines, numberLines } from './axis';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

test('times are marked at whole minutes, hours and days', () => {
  expect(clockLines(29.9 * MINUTE).map((ms) => ms / MINUTE)).toEqual([0, 5, 10, 15, 20, 25]);
  expect(clockLines(24 * 60 * MINUTE).map((ms) => ms / MINUTE / 60)).toEqual([0, 6, 12, 18, 24]);
  expect(clockLines(9 * DAY).map((ms) => ms / DAY)).toEqual([0, 2, 4, 6, 8]);
  expect(clockLines(14 * DAY).map((ms) => ms / DAY)).toEqual([0, 7, 14]);
  expect(clockLines(400 * DAY).map((ms) => ms / DAY)).toEqual([0, 100, 200, 300, 400]);
  expect(clockLines(3000)).toEqual([0, 1000, 2000, 3000]);
});

test('numbers are marked at round ones', () => {
  expect(numberLines(93.6)).toEqual([0, 20, 40, 60, 80]);
  expect(numberLines(3600)).toEqual([0, 1000, 2000, 3000]);
  expect(numberLines(0.7)).toEqual([0, 0.2, 0.4, 0.6]);
  expect(numberLines(0.6)).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6]);
});

test('times are told in the largest unit of which there are two', () => {
  const told = [0, 90_000, 2 * MINUTE, 90 * MINUTE, 150 * MINUTE, DAY, 3 * DAY].map(clockLabel);
  expect(told).toEqual(['0 s', '90 s', '2 min', '90 min', '2.5 h', '24 h', '3 d']);
});
