import { callsBetween, parseCommandStats, totalOf } from './redis-stats';

const INFO = `$300\r
# Commandstats\r
cmdstat_config|get:calls=2,usec=32,usec_per_call=16.00,rejected_calls=0,failed_calls=0\r
cmdstat_hset:calls=120,usec=900,usec_per_call=7.50,rejected_calls=0,failed_calls=0\r
cmdstat_info:calls=1,usec=90,usec_per_call=90.00,rejected_calls=0,failed_calls=0\r
\r
+OK\r
`;

it('reads calls per command, without those of the measurement', () => {
  expect([...parseCommandStats(INFO)]).toEqual([
    ['config|get', 2],
    ['hset', 120],
  ]);
});

it('counts what was called in between, new commands included', () => {
  const calls = callsBetween(
    new Map([
      ['hset', 5],
      ['get', 3],
    ]),
    new Map([
      ['hset', 9],
      ['get', 3],
      ['evalsha', 2],
    ]),
  );
  expect([...calls]).toEqual([
    ['hset', 4],
    ['evalsha', 2],
  ]);
  expect(totalOf(calls)).toBe(6);
});
