import { DEFAULT_EJECTION, ejectionMs } from './ejections';

test('request-path case 65: 10, 20, 40, 80, 160, 160 s with the defaults', () => {
  const seconds = [1, 2, 3, 4, 5, 6, 60].map((failures) => ejectionMs(failures, DEFAULT_EJECTION) / 1000);
  expect(seconds).toEqual([10, 20, 40, 80, 160, 160, 160]);
});

test('the longest time is a bound', () => {
  expect(ejectionMs(9, { baseMs: 1_000, maxMs: 2_500 })).toBe(2_500);
  expect(ejectionMs(1, { baseMs: 5_000, maxMs: 2_500 })).toBe(2_500);
  expect(ejectionMs(3, { baseMs: 1, maxMs: 1_000_000 })).toBe(4);
});
