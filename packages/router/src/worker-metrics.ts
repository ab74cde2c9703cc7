import { LRUCache } from 'lru-cache';
import type { BoundCounter, BoundGauge, BoundHistogram, Labelled, Metrics } from '@waiter/observability';

type ByService<B> = Labelled<'service', B>;

/** Services whose series are kept; the ones not used for longest go first. */
const MAX_SERVICES = 2_000;

/** A start may take minutes. */
const COLD_START_BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Metrics of a router worker that have a series per service. */
function familiesOf(metrics: Metrics) {
  const labels = ['service'] as const;
  const counter = (name: string, help: string) => metrics.counter<'service'>({ name, help, labels });
  const gauge = (name: string, help: string) => metrics.gauge<'service'>({ name, help, labels });
  const histogram = (name: string, help: string) => metrics.histogram<'service'>({ name, help, labels });
  const split = <L extends string>(name: string, help: string, label: L) =>
    metrics.counter<'service' | L>({ name, help, labels: ['service', label] });
  return {
    inFlight: gauge('requests_outstanding', 'Requests that wait or are in flight, by service'),
    requestSeconds: histogram('request_seconds', 'Time from arrival to the response head, by service'),
    coldStartSeconds: metrics.histogram<'service'>({
      name: 'cold_start_seconds',
      help: 'Time to the response head of requests that came before their instance had started, by service',
      labels,
      buckets: COLD_START_BUCKETS,
    }),
    queueSeconds: histogram('queue_seconds', 'Time a request waited for an instance, by service'),
    webSockets: gauge('websockets_open', 'WebSockets that are open, by service'),
    fallbacks: counter(
      'fallback_requests_total',
      'Requests that an earlier version served because the latest was not healthy, by the service that served',
    ),
    statuses: split('requests_total', 'Responses by service and status', 'status'),
    asyncEvents: split('async_requests_total', 'What became of async requests, by service', 'event'),
    webSocketCloses: split(
      'websocket_closes_total',
      'WebSockets that ended, by service and close code',
      'code',
    ),
  };
}

type Families = ReturnType<typeof familiesOf>;

/** Series of one service, bound once: binding labels costs more than counting (DESIGN section 2). */
export class ServiceMetrics {
  readonly inFlight: BoundGauge;
  readonly requestSeconds: BoundHistogram;
  readonly queueSeconds: BoundHistogram;
  /** How many times in a row it was not used when somebody looked. */
  unused = 0;
  private readonly lazily = new Map<ByService<unknown>, BoundGauge | BoundCounter | BoundHistogram>();
  private readonly statuses = new Map<number, BoundCounter>();
  private readonly closes = new Map<number, BoundCounter>();
  private readonly events = new Map<string, BoundCounter>();

  constructor(
    private readonly families: Families,
    private readonly service: string,
  ) {
    this.inFlight = families.inFlight.with({ service });
    this.requestSeconds = families.requestSeconds.with({ service });
    this.queueSeconds = families.queueSeconds.with({ service });
  }

  /** Requests served by this service in place of a later version. */
  get fallbacks(): BoundCounter {
    return this.bound(this.families.fallbacks);
  }

  /** The whole of a cold start, as clients see it. */
  get coldStartSeconds(): BoundHistogram {
    return this.bound(this.families.coldStartSeconds);
  }

  get webSockets(): BoundGauge {
    return this.bound(this.families.webSockets);
  }

  status(status: number): BoundCounter {
    const { service } = this;
    return known(this.statuses, status, () => this.families.statuses.with({ service, status }));
  }

  webSocketClose(code: number): BoundCounter {
    const { service } = this;
    return known(this.closes, code, () => this.families.webSocketCloses.with({ service, code }));
  }

  /** @param event such as `accepted` */
  asyncEvent(event: string): BoundCounter {
    const { service } = this;
    return known(this.events, event, () => this.families.asyncEvents.with({ service, event }));
  }

  /** Series of what not every service has begin with the first use. */
  private bound<B extends BoundCounter | BoundHistogram>(family: ByService<B>): B {
    const existing = this.lazily.get(family) as B | undefined;
    if (existing !== undefined) return existing;
    const created = family.with({ service: this.service });
    this.lazily.set(family, created);
    return created;
  }

  remove(): void {
    const { families, service } = this;
    const { inFlight, requestSeconds, queueSeconds, statuses, webSocketCloses, asyncEvents } = families;
    for (const family of [inFlight, requestSeconds, queueSeconds, ...this.lazily.keys()])
      family.remove({ service });
    for (const status of this.statuses.keys()) statuses.remove({ service, status });
    for (const event of this.events.keys()) asyncEvents.remove({ service, event });
    for (const code of this.closes.keys()) webSocketCloses.remove({ service, code });
  }
}

function known<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  const existing = map.get(key);
  if (existing !== undefined) return existing;
  const created = create();
  map.set(key, created);
  return created;
}

/** What a worker counts. Its control process asks for a snapshot and adds those of all workers. */
export class WorkerMetrics {
  private readonly services: LRUCache<string, ServiceMetrics>;
  private readonly families: Families;
  /** Connections of HTTP/2 that were ended because of what their client did. */
  readonly abuse: (kind: string) => BoundCounter;

  constructor(readonly metrics: Metrics) {
    const abuse = metrics.counter<'kind'>({
      name: 'http2_abuse_total',
      help: 'Connections of HTTP/2 ended because their client made work for nothing, by kind',
      labels: ['kind'],
    });
    this.abuse = (kind) => abuse.with({ kind });
    this.families = familiesOf(metrics);
    this.services = new LRUCache({ max: MAX_SERVICES, dispose: (series) => series.remove() });
  }

  of(service: string): ServiceMetrics {
    const existing = this.services.get(service);
    if (existing !== undefined) {
      existing.unused = 0;
      return existing;
    }
    const series = new ServiceMetrics(this.families, service);
    this.services.set(service, series);
    return series;
  }

  /** Forgets the series of services that are not alive and were not used between the last `times` calls of this. */
  forgetUnused(alive: ReadonlySet<string>, times: number): void {
    for (const [service, series] of this.services.entries()) {
      series.unused++;
      if (series.unused >= times && !alive.has(service)) this.services.delete(service);
    }
  }
}
