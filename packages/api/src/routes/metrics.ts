import type { Request } from 'express';
import { MetricsPage, type MetricsAnswer } from '@waiter/observability';
import type { ApiDeps } from '../deps';
import type { Reply, Route } from '../http/route';

type Deps = Pick<ApiDeps, 'metrics' | 'workerMetrics' | 'clock'>;

/**
 * `/metrics` of this node, workers included: the original's JSON, or Prometheus text by `Accept` and at
 * `/metrics/prometheus` (spec: services-and-tokens 4.19, scaling-and-schedulers 8.5). Names: docs/reference/metrics.md.
 */
export function metricsRoutes({ metrics, workerMetrics = async () => [], clock }: Deps): Route[] {
  const page = new MetricsPage(metrics, workerMetrics, () => clock.now());
  const reply = ({ contentType, body }: MetricsAnswer): Reply => ({
    headers: { 'content-type': contentType },
    body,
  });
  const ask = (request: Request) => ({
    accept: request.headers.accept,
    query: new URL(request.originalUrl, 'http://localhost').searchParams,
  });
  return [
    {
      path: '/metrics/prometheus',
      auth: 'none',
      methods: { GET: async () => reply(await page.prometheus()) },
    },
    {
      path: '/metrics',
      auth: 'none',
      methods: { GET: async (request) => reply(await page.negotiated(ask(request))) },
    },
  ];
}
