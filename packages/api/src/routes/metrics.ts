import type { Request } from 'express';
import type { MetricsSnapshot } from '@waiter/observability';
import type { ApiDeps } from '../deps';
import { isFlagSet, valuesOf } from '../http/query';
import type { Reply, Route } from '../http/route';

type Deps = Pick<ApiDeps, 'metrics' | 'workerMetrics'>;

/** `/metrics` of this node, workers included: Prometheus text or JSON (spec: services-and-tokens 4.19). */
export function metricsRoutes(deps: Deps): Route[] {
  const prometheus = async (): Promise<Reply> => ({
    headers: { 'content-type': deps.metrics.contentType },
    body: await deps.metrics.render(await workers(deps)),
  });
  return [
    { path: '/metrics/prometheus', auth: 'none', methods: { GET: prometheus } },
    {
      path: '/metrics',
      auth: 'none',
      methods: {
        GET: async (request) => (wantsText(request) ? prometheus() : { json: await asJson(request, deps) }),
      },
    },
  ];
}

/** Prometheus asks for `application/openmetrics-text` and `text/plain`. */
function wantsText(request: Request): boolean {
  const accept = request.headers.accept ?? '';
  return !accept.includes('application/json') && /text\/plain|openmetrics-text/.test(accept);
}

async function workers({ workerMetrics }: Deps): Promise<readonly MetricsSnapshot[]> {
  return workerMetrics === undefined ? [] : workerMetrics();
}

/** Name to `{type, help, values}`; one entry per process and series. */
async function asJson(request: Request, deps: Deps): Promise<object> {
  const snapshots = [await deps.metrics.snapshot(), ...(await workers(deps))];
  const names = valuesOf(request, 'name');
  const services = valuesOf(request, 'service-id');
  const excluded = isFlagSet(request, 'exclude-services');
  const result = new Map<string, { type: unknown; help: string; values: unknown[] }>();
  for (const metric of snapshots.flat()) {
    if (names.length > 0 && !names.some((part) => metric.name.includes(part))) continue;
    const values = metric.values.filter(({ labels }) => {
      const service = labels['service'];
      if (services.length > 0) return service !== undefined && services.includes(String(service));
      return !excluded || service === undefined;
    });
    if (values.length === 0) continue;
    const entry = result.get(metric.name) ?? { type: metric.type, help: metric.help, values: [] };
    entry.values.push(...values);
    result.set(metric.name, entry);
  }
  return Object.fromEntries(result);
}
