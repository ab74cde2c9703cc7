import type { Metrics, MetricsSnapshot } from './metrics';
import { originalMetrics, type OriginalFilter } from './original/original-metrics';
import { Rates } from './original/rates';

export interface MetricsQuery {
  readonly accept: string | undefined;
  readonly query: URLSearchParams;
}

export interface MetricsAnswer {
  readonly contentType: string;
  readonly body: string;
}

/**
 * What `/metrics` and `/metrics/prometheus` answer: the original's JSON, or Prometheus text to those who ask for it.
 * One per process: it remembers counts, for rates.
 */
export class MetricsPage {
  private readonly rates: Rates;

  /** @param others snapshots of further processes of the node, added series by series */
  constructor(
    private readonly metrics: Metrics,
    private readonly others: () => Promise<readonly MetricsSnapshot[]> = async () => [],
    private readonly now: () => number = Date.now,
  ) {
    this.rates = new Rates(now());
  }

  async prometheus(): Promise<MetricsAnswer> {
    return { contentType: this.metrics.contentType, body: await this.metrics.render(await this.others()) };
  }

  /** By `Accept`: Prometheus asks for `application/openmetrics-text` and `text/plain`. */
  async negotiated({ accept = '', query }: MetricsQuery): Promise<MetricsAnswer> {
    const wantsText = !accept.includes('application/json') && /text\/plain|openmetrics-text/.test(accept);
    return wantsText ? this.prometheus() : this.json(query);
  }

  async json(query: URLSearchParams): Promise<MetricsAnswer> {
    const snapshots = [await this.metrics.snapshot(), ...(await this.others())];
    const tree = originalMetrics(snapshots, filterOf(query), this.rates, this.now());
    return { contentType: 'application/json', body: JSON.stringify(tree) };
  }
}

function filterOf(query: URLSearchParams): OriginalFilter {
  const serviceId = query.get('service-id');
  const name = query.get('name');
  const isSet = (flag: string): boolean => query.get(flag)?.toLowerCase() === 'true';
  return {
    excludeServices: isSet('exclude-services'),
    onlyProcess: isSet('include-jvm-metrics'),
    ...(serviceId === null ? {} : { serviceId }),
    ...(name === null ? {} : { name }),
  };
}
