import { parseCounts, ticksWithin } from './scaler-metrics';

const text = (counts: readonly number[], sum: number): string =>
  [
    '# TYPE waiter_scaler_tick_seconds histogram',
    `waiter_scaler_tick_seconds_bucket{le="0.01"} ${counts[0]}`,
    `waiter_scaler_tick_seconds_bucket{le="0.05"} ${counts[1]}`,
    `waiter_scaler_tick_seconds_bucket{le="+Inf"} ${counts[2]}`,
    `waiter_scaler_tick_seconds_sum ${sum}`,
    `waiter_scaler_tick_seconds_count ${counts[2]}`,
    'waiter_scaler_services 2000',
  ].join('\n');

test('reads what the scaler exports', () => {
  expect(parseCounts(text([1, 2, 3], 0.5))).toMatchObject({ services: 2000, ticks: 3, tickSeconds: 0.5 });
});

test('a scaler that exports no such metric is told apart from one that did nothing', () => {
  expect(parseCounts('').ticks).toBeNaN();
});

test('only ticks between the two counts matter', () => {
  const before = parseCounts(text([0, 0, 50], 10));
  const after = parseCounts(text([19, 20, 70], 11));
  expect(ticksWithin(before, after, 0.95)).toBe(10);
  expect(ticksWithin(before, after, 1)).toBe(50);
  expect(ticksWithin(before, parseCounts(text([0, 0, 51], 12)), 0.95)).toBe(Infinity);
});
