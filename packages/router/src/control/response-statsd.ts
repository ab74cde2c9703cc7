import { LRUCache } from 'lru-cache';
import type { ServiceId } from '@waiter/core';
import type { MetricsSnapshot, Statsd } from '@waiter/observability';

export interface ResponseStatsdSources {
  /** Of all workers of the node. */
  snapshots(): Promise<readonly MetricsSnapshot[]>;
  /** Metric group of a service; null when nobody knows it. */
  groupOf(id: ServiceId): Promise<string | null>;
}

const GROUPS_KEPT = 10_000;
const UNKNOWN = 'other';

/** Counts responses by status and metric group for statsd, from what the workers count anyway. */
export class ResponseStatsd {
  private readonly before = new Map<string, number>();
  private readonly groups = new LRUCache<ServiceId, string>({ max: GROUPS_KEPT });

  constructor(
    private readonly statsd: Pick<Statsd, 'counter'>,
    private readonly sources: ResponseStatsdSources,
  ) {}

  /** Adds what was answered since the last call. */
  async collect(): Promise<void> {
    const sums = this.sums(await this.sources.snapshots());
    for (const [key, { service, status, count }] of sums) {
      const before = this.before.get(key) ?? 0;
      this.before.set(key, count);
      // A worker that was replaced counts from the beginning.
      const answered = count >= before ? count - before : count;
      if (answered > 0) this.statsd.counter(await this.group(service), `response_status_${status}`, answered);
    }
    for (const key of this.before.keys()) if (!sums.has(key)) this.before.delete(key);
  }

  private sums(snapshots: readonly MetricsSnapshot[]) {
    const sums = new Map<string, { service: string; status: string; count: number }>();
    for (const metric of snapshots.flat()) {
      if (metric.name !== 'waiter_requests_total') continue;
      for (const { labels, value } of metric.values) {
        const service = String(labels['service']);
        const status = String(labels['status']);
        const sum = sums.get(`${service} ${status}`) ?? { service, status, count: 0 };
        sum.count += value;
        sums.set(`${service} ${status}`, sum);
      }
    }
    return sums;
  }

  private async group(service: ServiceId): Promise<string> {
    const known = this.groups.get(service);
    if (known !== undefined) return known;
    const group = await this.sources.groupOf(service).catch(() => null);
    if (group !== null) this.groups.set(service, group);
    return group ?? UNKNOWN;
  }
}
