import { LRUCache } from 'lru-cache';
import type { BoundCounter, BoundGauge, BoundHistogram, Metrics } from '@waiter/observability';

/** Series of one service, bound once: binding labels costs more than counting (DESIGN section 2). */
export interface ServiceMetrics {
  readonly inFlight: BoundGauge;
  readonly requestSeconds: BoundHistogram;
  readonly queueSeconds: BoundHistogram;
  /** Requests served by this service in place of a later version. */
  readonly fallbacks: BoundCounter;
  status(code: number): BoundCounter;
}

/** Services whose series are kept; the ones not used for longest go first. */
const MAX_SERVICES = 2_000;

/** What a worker counts. Its control process asks for a snapshot and adds those of all workers. */
export class WorkerMetrics {
  private readonly services: LRUCache<string, ServiceMetrics>;
  private readonly create: (service: string) => ServiceMetrics;
  /** Connections of HTTP/2 that were ended because of what their client did. */
  readonly abuse: (kind: string) => BoundCounter;

  constructor(readonly metrics: Metrics) {
    const abuse = metrics.counter<'kind'>({
      name: 'http2_abuse_total',
      help: 'Connections of HTTP/2 ended because their client made work for nothing, by kind',
      labels: ['kind'],
    });
    this.abuse = (kind) => abuse.with({ kind });
    const requests = metrics.counter<'service' | 'status'>({
      name: 'requests_total',
      help: 'Responses by service and status',
      labels: ['service', 'status'],
    });
    const inFlight = metrics.gauge<'service'>({
      name: 'requests_outstanding',
      help: 'Requests that wait or are in flight, by service',
      labels: ['service'],
    });
    const requestSeconds = metrics.histogram<'service'>({
      name: 'request_seconds',
      help: 'Time from arrival to the response head, by service',
      labels: ['service'],
    });
    const queueSeconds = metrics.histogram<'service'>({
      name: 'queue_seconds',
      help: 'Time a request waited for an instance, by service',
      labels: ['service'],
    });
    const fallbacks = metrics.counter<'service'>({
      name: 'fallback_requests_total',
      help: 'Requests that an earlier version served because the latest was not healthy, by the service that served',
      labels: ['service'],
    });
    const statuses = new Map<string, Set<number>>();
    this.create = (service) => {
      const counters = new Map<number, BoundCounter>();
      statuses.set(service, new Set());
      return {
        inFlight: inFlight.with({ service }),
        requestSeconds: requestSeconds.with({ service }),
        queueSeconds: queueSeconds.with({ service }),
        get fallbacks() {
          return fallbacks.with({ service });
        },
        status: (status) => {
          const known = counters.get(status);
          if (known !== undefined) return known;
          const counter = requests.with({ service, status });
          counters.set(status, counter);
          statuses.get(service)?.add(status);
          return counter;
        },
      };
    };
    this.services = new LRUCache({
      max: MAX_SERVICES,
      dispose: (_series, service) => {
        for (const status of statuses.get(service) ?? []) requests.remove({ service, status });
        statuses.delete(service);
        for (const labelled of [inFlight, requestSeconds, queueSeconds, fallbacks])
          labelled.remove({ service });
      },
    });
  }

  of(service: string): ServiceMetrics {
    const known = this.services.get(service);
    if (known !== undefined) return known;
    const series = this.create(service);
    this.services.set(service, series);
    return series;
  }
}
