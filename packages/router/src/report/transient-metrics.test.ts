import { createMetrics } from '@waiter/observability';
import { WorkerMetrics } from '../worker-metrics';
import { TransientMetrics } from './transient-metrics';

const OPTIONS = { intervalMs: 60_000, timeoutMs: 300_000 };

test('scaling-and-schedulers case 51: series go five minutes after their last use, never of a service that is alive or has requests', async () => {
  const metrics = createMetrics();
  const worker = new WorkerMetrics(metrics);
  for (const id of ['gone', 'alive', 'used']) worker.of(id).status(200).inc();
  const alive = new Set(['alive']);
  const transient = new TransientMetrics(worker, async () => alive, OPTIONS);
  for (let minute = 1; minute <= 4; minute++) {
    await transient.sweep();
    worker.of('used').status(200).inc();
  }
  expect(await metrics.render()).toContain('service="gone"');
  await transient.sweep();
  const text = await metrics.render();
  expect(text).not.toContain('gone');
  for (const id of ['alive', 'used']) expect(text).toContain(`service="${id}"`);
  // It comes back with its next request, and counts anew.
  worker.of('gone').status(200).inc();
  expect(await metrics.render()).toContain('waiter_requests_total{service="gone",status="200"} 1');
});

test('nothing is forgotten while nobody can say what is alive', async () => {
  const metrics = createMetrics();
  const worker = new WorkerMetrics(metrics);
  worker.of('s').status(200).inc();
  const transient = new TransientMetrics(worker, () => Promise.reject(new Error('away')), OPTIONS);
  for (let minute = 1; minute <= 10; minute++) await transient.sweep();
  expect(await metrics.render()).toContain('service="s"');
});
