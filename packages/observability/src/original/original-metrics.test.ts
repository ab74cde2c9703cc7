import { createMetrics, type Metrics, type MetricsSnapshot } from '../metrics';
import { originalMetrics, type OriginalFilter } from './original-metrics';
import { Rates } from './rates';

interface Tree {
  readonly [name: string]: Tree;
}
const NOW = 60_000;
const show = (snapshots: MetricsSnapshot[], filter: OriginalFilter = {}, rates = new Rates(0)): Tree =>
  originalMetrics(snapshots, filter, rates, NOW) as Tree;

/** What a worker counts. */
function worker(): Metrics {
  const metrics = createMetrics();
  const requests = metrics.counter({ name: 'requests_total', help: 'x', labels: ['service', 'status'] });
  requests.with({ service: 's.1', status: 200 }).inc(50);
  requests.with({ service: 's.1', status: 503 }).inc(10);
  requests.with({ service: 's2', status: 200 }).inc(1);
  metrics
    .gauge({ name: 'requests_outstanding', help: 'x', labels: ['service'] })
    .with({ service: 's.1' })
    .set(3);
  const seconds = metrics.histogram({
    name: 'request_seconds',
    help: 'x',
    labels: ['service'],
    buckets: [1, 2, 4],
  });
  for (const value of [0.5, 0.5, 1.5, 3]) seconds.with({ service: 's.1' }).observe(value);
  metrics
    .counter({ name: 'scaler_probes_total', help: 'x', labels: ['result'] })
    .with({ result: 'healthy' })
    .inc(7);
  metrics.gauge({ name: 'scaler_leading', help: 'x' }).set(1);
  metrics.gauge({ name: 'process_open_fds', help: 'x' }).set(20);
  metrics.gauge({ name: 'process_start_time_seconds', help: 'x' }).set(9);
  return metrics;
}

test('8.5: counters are numbers, gauges, meters and timers maps, summed over the processes of a node', async () => {
  const tree = show([await worker().snapshot(), await worker().snapshot()]);
  expect(tree['services']?.['s.1']).toEqual({
    counters: { 'request-counts': { total: 120, successful: 100, outstanding: 6 } },
    meters: {
      'request-rate': { count: 120, value: 2 },
      'response-status-rate': {
        '200': { count: 100, value: 100 / 60 },
        '503': { count: 20, value: 20 / 60 },
      },
    },
    timers: {
      process: {
        count: 8,
        value: {
          '0.0': 0,
          '0.25': 0.5,
          '0.5': 1,
          '0.75': 2,
          '0.95': expect.closeTo(3.6, 10),
          '0.99': 3.92,
          '0.999': 3.992,
          '1.0': 4,
        },
      },
    },
  });
  expect(tree['waiter']).toEqual({
    core: { counters: { leader: 2 } },
    scaler: { counters: { probes: { healthy: 14 } } },
  });
  expect(tree['jvm']).toEqual({
    file: { open: { value: 40 } },
    process: { 'start-time-seconds': { value: 18 } },
  });
});

test('case 90: exclude-services, service-id, include-jvm-metrics and name, the first of them that is given', async () => {
  const snapshots = [await worker().snapshot()];
  const roots = (filter: OriginalFilter) => Object.keys(show(snapshots, filter));
  expect(roots({})).toEqual(['jvm', 'services', 'waiter']);
  expect(roots({ excludeServices: true, serviceId: 's2' })).toEqual(['waiter']);
  expect(roots({ onlyProcess: true })).toEqual(['jvm']);
  expect(Object.keys(show(snapshots, { serviceId: 's2', onlyProcess: true })['services'] ?? {})).toEqual([
    's2',
  ]);
  expect(show(snapshots, { serviceId: 's.1' })['services']).toHaveProperty(['s.1', 'timers']);
  expect(show(snapshots, { serviceId: 's' })).toEqual({});
  expect(show(snapshots, { name: 'core.counters' })).toEqual({
    waiter: { core: { counters: { leader: 1 } } },
  });
  expect(show(snapshots, { name: 'no such' })).toEqual({});
});

test('a histogram without observations has no quantiles; names from outside make no prototypes', async () => {
  const metrics = createMetrics();
  metrics.histogram({ name: 'queue_seconds', help: 'x' });
  metrics
    .counter({ name: 'odd_total', help: 'x', labels: ['service'] })
    .with({ service: '__proto__' })
    .inc();
  const tree = show([await metrics.snapshot()]);
  expect(Object.keys(tree['services'] ?? {})).toEqual(['unknown', '__proto__'].sort());
  expect(JSON.stringify(tree)).toContain('"get-available-instance":{"count":0,"value":{"0.0":null');
});

test('beyond the last bound a quantile is that bound', async () => {
  const metrics = createMetrics();
  const histogram = metrics.histogram({ name: 'big', help: 'x', buckets: [1] });
  for (const value of [0.5, 100]) histogram.observe(value);
  expect(show([await metrics.snapshot()])).toMatchObject({
    waiter: { big: { histograms: { big: { count: 2, value: { '0.5': 1, '1.0': 1 } } } } },
  });
});

describe('rates', () => {
  const at = (rates: Rates, count: number, nowMs: number): number =>
    rates.update(new Map([['m', count]]), nowMs).get('m') ?? NaN;

  test('begin with the mean since the start and follow with the weight of the time that has passed', () => {
    const rates = new Rates(0);
    expect(at(rates, 100, 10_000)).toBe(10);
    expect(at(rates, 100, 10_500)).toBe(10);
    const idle = at(rates, 100, 70_000);
    expect(idle).toBeCloseTo(10 * Math.exp(-1), 10);
    for (let second = 71; second <= 671; second++) at(rates, 100 + (second - 70) * 5, second * 1000);
    expect(at(rates, 100 + 602 * 5, 672_000)).toBeCloseTo(5, 3);
  });

  test('a counter that began anew counts from zero; one that is gone is forgotten', () => {
    const rates = new Rates(0);
    at(rates, 1_000, 10_000);
    expect(at(rates, 5, 20_000)).toBeGreaterThan(0);
    rates.update(new Map(), 21_000);
    expect(at(rates, 60, 60_000)).toBe(1);
  });
});
