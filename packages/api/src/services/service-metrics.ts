import type { Json, ServiceId } from '@waiter/core';
import { NO_LOAD } from '@waiter/store';
import type { ServiceLoad } from '@waiter/store';
import type { ApiDeps } from '../deps';

/** What `include=metrics` adds (spec: services-and-tokens 4.7.1): the load that workers report, by router and in sum. */
export interface ServiceMetrics {
  readonly aggregate: Record<string, Json>;
  readonly routers: Record<string, Record<string, Json>>;
}

export async function serviceMetrics(
  store: Pick<ApiDeps['store'], 'load'>,
  id: ServiceId,
): Promise<ServiceMetrics & Record<string, Json>> {
  const byRouter = new Map<string, ServiceLoad>();
  let all = NO_LOAD;
  for (const [worker, load] of await store.load.byWorker(id)) {
    const router = worker.slice(0, worker.lastIndexOf('/'));
    byRouter.set(router, sum(byRouter.get(router) ?? NO_LOAD, load));
    all = sum(all, load);
  }
  const sent = [...byRouter.values()].filter(({ total }) => total > 0).length;
  return {
    aggregate: { 'routers-sent-requests-to': sent, ...counters(all) },
    routers: Object.fromEntries([...byRouter].sort().map(([router, load]) => [router, counters(load)])),
  };
}

function sum(a: ServiceLoad, b: ServiceLoad): ServiceLoad {
  return {
    inFlight: a.inFlight + b.inFlight,
    queued: a.queued + b.queued,
    oldestWaitMs: Math.max(a.oldestWaitMs, b.oldestWaitMs),
    total: a.total + b.total,
    lastRequestAtMs: Math.max(a.lastRequestAtMs ?? 0, b.lastRequestAtMs ?? 0) || null,
    inFlightMs: a.inFlightMs + b.inFlightMs,
    demandMs: a.demandMs + b.demandMs,
  };
}

function counters({
  inFlight,
  queued,
  total,
  oldestWaitMs,
  lastRequestAtMs,
}: ServiceLoad): Record<string, Json> {
  return {
    counters: {
      'request-counts': {
        outstanding: inFlight + queued,
        streaming: inFlight,
        total,
        'waiting-for-available-instance': queued,
      },
    },
    'last-request-time': lastRequestAtMs === null ? null : new Date(lastRequestAtMs).toISOString(),
    'oldest-wait-ms': oldestWaitMs,
  };
}
