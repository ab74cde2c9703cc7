import { StatsdAggregate } from './aggregate';
import { percentile } from './percentile';

const aggregate = (histogramMaxSize = 10) =>
  new StatsdAggregate({ environment: 'prod', cluster: 'c.1', server: 'box', histogramMaxSize });

test('case 85: percentiles are of nearest rank; none of no values, nor of what is no percentage', () => {
  const ten = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
  expect([50, 75, 95, 99, 100, 0.1].map((p) => percentile(ten, p))).toEqual([5, 8, 10, 10, 10, 1]);
  for (const p of [0, -1, 100.1, NaN]) expect(percentile(ten, p)).toBeNull();
  expect(percentile([], 50)).toBeNull();
});

test('case 85: the path names group, environment, cluster, server and metric; gauges have no server', () => {
  const sums = aggregate();
  sums.counter('web', 'response_status_200', 2);
  sums.counter('web', 'response_status_200');
  sums.gauge('web', 'instances.healthy', 3);
  sums.gauge('', 'cpus', 0.25);
  sums.gaugeDelta('a b', 'waiting', 2);
  expect(sums.flush()).toEqual([
    'waiter.web.prod.c_1.box.response_status_200:3|c',
    'waiter.web.prod.c_1.instances.healthy:3.0|g',
    'waiter.unknown.prod.c_1.cpus:0.3|g',
    'waiter.a_b.prod.c_1.box.waiting:2.0|g',
  ]);
});

test('case 85: sums begin anew after each sending, a gauge delta stays until it is 0', () => {
  const sums = aggregate();
  sums.counter('g', 'c');
  sums.gaugeDelta('g', 'd', 2);
  sums.flush();
  expect(sums.flush()).toEqual(['waiter.g.prod.c_1.box.d:2.0|g']);
  sums.gaugeDelta('g', 'd', -2);
  expect(sums.flush()).toEqual(['waiter.g.prod.c_1.box.d:0.0|g']);
  expect(sums.flush()).toEqual([]);
});

test('case 85: a histogram keeps the newest values and counts those it dropped', () => {
  const sums = aggregate(3);
  for (const value of [100, 1, 2, 3]) sums.histogram('g', 'time', value);
  expect(sums.state()).toEqual({
    histogram: { g: { time: [1, 2, 3] } },
    counter: { g: { 'histo_values_dropped.time': 1 } },
  });
  const path = 'waiter.g.prod.c_1.box';
  expect(sums.flush()).toEqual([
    `${path}.time_p50:2.0|g`,
    `${path}.time_p75:3.0|g`,
    `${path}.time_p95:3.0|g`,
    `${path}.time_p99:3.0|g`,
    `${path}.time_p100:3.0|g`,
    `${path}.histo_values_dropped.time:1|c`,
  ]);
});
