import { createMetrics } from '@waiter/observability';
import { WorkerMetrics } from '../worker-metrics';
import { ResponseStatsd } from './response-statsd';

test('counts what was answered since the last time, over all workers, by metric group', async () => {
  const registries = [createMetrics(), createMetrics()];
  const [one, two] = registries.map((metrics) => new WorkerMetrics(metrics));
  const counted: Record<string, number> = {};
  const asked: string[] = [];
  const statsd = new ResponseStatsd(
    {
      counter: (group, metric, by = 1) =>
        (counted[`${group} ${metric}`] = (counted[`${group} ${metric}`] ?? 0) + by),
    },
    {
      snapshots: () => Promise.all(registries.map((metrics) => metrics.snapshot())),
      groupOf: async (id) => {
        asked.push(id);
        if (id === 'gone') throw new Error('away');
        return id === 'unknown' ? null : 'shop';
      },
    },
  );
  one?.of('a').status(200).inc(3);
  two?.of('a').status(200).inc(2);
  two?.of('b').status(503).inc(1);
  two?.of('unknown').status(200).inc(1);
  two?.of('gone').status(200).inc(1);
  await statsd.collect();
  const first = {
    'shop response_status_200': 5,
    'shop response_status_503': 1,
    'other response_status_200': 2,
  };
  expect(counted).toEqual(first);
  await statsd.collect();
  expect(counted).toEqual(first);
  one?.of('a').status(200).inc(4);
  await statsd.collect();
  expect(counted['shop response_status_200']).toBe(9);
  expect(asked.filter((id) => id === 'a')).toHaveLength(1);
});
