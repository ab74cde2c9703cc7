import type { Context } from '../context';
import type { Service } from '../service/service';

/** Sums of one metric group. */
export interface GroupSums {
  cpus: number;
  mem: number;
  healthy: number;
  unhealthy: number;
  failed: number;
  activeServices: number;
  totalServices: number;
  waiting: number;
}

/** Resources, instances and services by metric group (spec: scaling-and-schedulers 8.6). */
export function groupSums(services: Iterable<Service>): ReadonlyMap<string, GroupSums> {
  const groups = new Map<string, GroupSums>();
  for (const service of services) {
    const { cpus, memMiB, metricGroup } = service.described.compiled;
    const sums = groups.get(metricGroup) ?? {
      cpus: 0,
      mem: 0,
      healthy: 0,
      unhealthy: 0,
      failed: 0,
      activeServices: 0,
      totalServices: 0,
      waiting: 0,
    };
    groups.set(metricGroup, sums);
    const active = [...service.instances.values()].filter(({ fate }) => fate !== 'killed');
    const healthy = active.filter((each) => each.healthy).length;
    sums.cpus += active.length * cpus;
    sums.mem += active.length * memMiB;
    sums.healthy += healthy;
    sums.unhealthy += active.length - healthy;
    sums.failed += service.departed.failed.length;
    sums.activeServices += healthy > 0 ? 1 : 0;
    sums.totalServices++;
    sums.waiting += service.load?.queued ?? 0;
  }
  return groups;
}

export function reportGroups({ services, statsd }: Pick<Context, 'services' | 'statsd'>): void {
  for (const [group, sums] of groupSums(services.values())) {
    statsd.gauge(group, 'cpus', sums.cpus);
    statsd.gauge(group, 'mem', sums.mem);
    statsd.gauge(group, 'instances.healthy', sums.healthy);
    statsd.gauge(group, 'instances.unhealthy', sums.unhealthy);
    statsd.gauge(group, 'instances.failed', sums.failed);
    statsd.gauge(group, 'services.active', sums.activeServices);
    statsd.gauge(group, 'services.total', sums.totalServices);
    statsd.gauge(group, 'request_waiting_for_instance', sums.waiting);
  }
}
