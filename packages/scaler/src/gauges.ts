import type { Metrics } from '@waiter/observability';
import type { Queues, QueueName } from '@waiter/store';
import type { Service } from './service/service';

const QUEUES: readonly QueueName[] = ['scaling', 'scheduler', 'maintenance'];

export interface GaugeSources {
  readonly queues: Pick<Queues, 'depths'>;
  /** What the leader knows; nothing while another scaler leads. */
  services(): Iterable<Service>;
  epoch(): number;
  /** Wall clock. */
  now(): number;
}

/** Gauges that are read where the state lives, when somebody asks for metrics. */
export function scalerGauges(metrics: Metrics, { queues, services, epoch, now }: GaugeSources): void {
  metrics.gauge({
    name: 'scaler_epoch',
    help: 'Epoch of the term of this scaler; 0 while it does not lead',
    collect: (gauge) => gauge.set(epoch()),
  });
  metrics.gauge<'service' | 'state'>({
    name: 'service_instances',
    help: 'Instances by service and state: requested, scheduled, healthy, unhealthy, expired, draining, failed, killed',
    labels: ['service', 'state'],
    collect: (gauge) => {
      gauge.reset();
      for (const service of services()) {
        for (const [state, count] of Object.entries(countsOf(service, now()))) {
          gauge.with({ service: service.id, state }).set(count);
        }
      }
    },
  });
  metrics.gauge<'service'>({
    name: 'service_target_instances',
    help: 'The moving average that scaling follows, by service',
    labels: ['service'],
    collect: (gauge) => {
      gauge.reset();
      for (const { id, state } of services()) {
        if (state !== null) gauge.with({ service: id }).set(state.targetInstances);
      }
    },
  });
  metrics.gauge<'queue' | 'state'>({
    name: 'queue_jobs',
    help: 'BullMQ jobs by queue and state: waiting, active, delayed, failed (the latest 100 are kept)',
    labels: ['queue', 'state'],
    collect: async (gauge) => {
      for (const queue of QUEUES) {
        const depths = await queues.depths(queue);
        for (const [state, jobs] of Object.entries(depths)) gauge.with({ queue, state }).set(jobs);
      }
    },
  });
}

function countsOf(service: Service, wallMs: number): Record<string, number> {
  const { instanceExpiryMs } = service.described.compiled;
  const all = [...service.instances.values()].filter(({ fate }) => fate !== 'killed');
  const healthy = all.filter((each) => each.healthy).length;
  return {
    requested: service.requested,
    scheduled: service.scheduled,
    healthy,
    unhealthy: all.length - healthy,
    expired: all.filter((each) => each.isExpired(instanceExpiryMs, wallMs)).length,
    draining: service.draining.length,
    failed: service.departed.failed.length,
    killed: service.departed.killed.length,
  };
}
