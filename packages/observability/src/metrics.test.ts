import fc from 'fast-check';
import { Histogram, Registry } from 'prom-client';
import { createMetrics } from './metrics';

it('renders counters, gauges and histograms under its prefix', async () => {
  const metrics = createMetrics();
  const requests = metrics.counter({ name: 'requests_total', help: 'Requests', labels: ['status'] });
  const ok = requests.with({ status: 200 });
  ok.inc();
  ok.inc(2);
  metrics.gauge({ name: 'queue_length', help: 'Waiting' }).set(4);
  const seconds = metrics.histogram({ name: 'request_seconds', help: 'Time', buckets: [0.1, 1] });
  seconds.observe(0.5);
  const text = await metrics.render();
  expect(text).toContain('waiter_requests_total{status="200"} 3');
  expect(text).toContain('waiter_queue_length 4');
  expect(text).toContain('waiter_request_seconds_bucket{le="0.1"} 0');
  expect(text).toContain('waiter_request_seconds_bucket{le="1"} 1');
});

it('forgets a series that is gone', async () => {
  const metrics = createMetrics();
  const slots = metrics.gauge({ name: 'slots', help: 'Slots', labels: ['service'] });
  slots.with({ service: 'a' }).set(1);
  slots.with({ service: 'b' }).set(2);
  slots.remove({ service: 'a' });
  const text = await metrics.render();
  expect(text).not.toContain('service="a"');
  expect(text).toContain('waiter_slots{service="b"} 2');
});

it('reads a collected gauge at rendering', async () => {
  const metrics = createMetrics('t_');
  let size = 1;
  metrics.gauge({ name: 'size', help: 'Size', collect: (gauge) => gauge.set(size) });
  size = 7;
  expect(await metrics.render()).toContain('t_size 7');
});

it('keeps two registries in one process apart', async () => {
  const first = createMetrics();
  const second = createMetrics();
  first.counter({ name: 'x_total', help: 'x' }).inc();
  second.counter({ name: 'x_total', help: 'x' }).inc(5);
  expect(await first.render()).toContain('waiter_x_total 1');
});

it('adds the snapshots of other processes', async () => {
  const [control, worker] = [createMetrics(), createMetrics()];
  for (const metrics of [control, worker]) {
    metrics
      .counter({ name: 'requests_total', help: 'x', labels: ['lane'] })
      .with({ lane: 'http1' })
      .inc(2);
    metrics.histogram({ name: 's', help: 'x', buckets: [1] }).observe(0.5);
  }
  const snapshot = JSON.parse(JSON.stringify(await worker.snapshot()));
  const text = await control.render([snapshot]);
  expect(text).toContain('waiter_requests_total{lane="http1"} 4');
  expect(text).toContain('waiter_s_count 2');
});

it('observes the process on request only', async () => {
  const metrics = createMetrics();
  expect(await metrics.render()).not.toContain('process_cpu');
  metrics.observeProcess();
  expect(await metrics.render()).toContain('waiter_process_cpu_seconds_total');
});

it('counts of a bound series show when the metrics are read, also those of a gauge that is set in between', async () => {
  const metrics = createMetrics();
  const requests = metrics.counter({ name: 'requests_total', help: 'x', labels: ['a'] });
  const gauge = metrics.gauge({ name: 'open', help: 'x', labels: ['a'] });
  const [one, again, open] = [requests.with({ a: 1 }), requests.with({ a: 1 }), gauge.with({ a: 1 })];
  one.inc();
  again.inc(2);
  open.inc(5);
  open.dec();
  let text = await metrics.render();
  expect(text).toContain('waiter_requests_total{a="1"} 3');
  expect(text).toContain('waiter_open{a="1"} 4');
  one.inc();
  open.inc();
  open.set(7);
  open.dec();
  text = await metrics.render();
  expect(text).toContain('waiter_requests_total{a="1"} 4');
  expect(text).toContain('waiter_open{a="1"} 6');
});

it('what was counted before a series was removed does not bring it back', async () => {
  const metrics = createMetrics();
  const requests = metrics.counter({ name: 'requests_total', help: 'x', labels: ['a'] });
  const seconds = metrics.histogram({ name: 's', help: 'x', labels: ['a'] });
  requests.with({ a: 1 }).inc();
  seconds.with({ a: 1 }).observe(1);
  requests.remove({ a: 1 });
  seconds.remove({ a: 1 });
  expect(await metrics.render()).not.toContain('a="1"');
});

it('a histogram reads as one of prom-client', async () => {
  const values = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(values, async (list) => {
      const registry = new Registry();
      const options = { name: 'waiter_s', help: 'x', buckets: [0.1, 1, 5] };
      const theirs = new Histogram({ ...options, labelNames: ['a'], registers: [registry] });
      const metrics = createMetrics();
      const ours = metrics.histogram({ ...options, name: 's', labels: ['a'] });
      for (const value of [...list, 5]) {
        theirs.labels({ a: 'x' }).observe(value);
        ours.with({ a: 'x' }).observe(value);
      }
      const lines = (text: string): string[] => text.trim().split('\n').sort();
      expect(lines(await metrics.render())).toEqual(lines(await registry.metrics()));
    }),
  );
});

it('waits for a gauge that is read elsewhere', async () => {
  const metrics = createMetrics();
  const collect = async (gauge: { set(value: number): void }): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    gauge.set(2);
  };
  metrics.gauge({ name: 'routers', help: 'x', collect });
  expect(await metrics.render()).toContain('waiter_routers 2');
});
