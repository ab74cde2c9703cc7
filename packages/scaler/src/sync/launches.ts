import type { DeploymentError, Instance, InstanceId } from '@waiter/core';
import type { Context } from '../context';
import type { Journal } from '../scale/journal';
import type { Service } from '../service/service';

/** Follows what becomes of instances, for metrics and for whoever asks why: ready after how long, or failed with what. */
export class Launches {
  /** Failures on record per service, so that each is told once. */
  private readonly told = new WeakMap<Service, Set<InstanceId>>();
  private readonly errors = new WeakMap<Service, string>();

  constructor(
    private readonly context: Context,
    private readonly journal: Journal,
  ) {}

  /** Something about the service changed. */
  observe(service: Service): void {
    const { clock, metrics, statsd } = this.context;
    const { metricGroup } = service.described.compiled;
    const open = [...service.instances.values()].filter(({ fate }) => fate !== 'killed');
    const view = {
      requested: service.asking ?? service.requested,
      instances: open.map(({ id, healthy, instance }) => ({
        id,
        healthy,
        startedAtMs: instance.startedAtMs,
      })),
    };
    for (const launch of service.launches.update(view, clock.monotonic())) {
      const { phase, instanceId, tookMs } = launch;
      service.policy?.measurements.launched(launch);
      metrics.launchSeconds.with({ service: service.id, phase }).observe(tookMs / 1000);
      // The original's names and unit.
      if (phase === 'scheduled') statsd.histogram(metricGroup, 'schedule_time', tookMs * 1e6);
      if (phase === 'ready') {
        statsd.histogram(metricGroup, 'startup_time', tookMs * 1e6);
        const outcome = `${instanceId} is ready ${Math.round(tookMs)} ms after it started`;
        this.journal.happened(service, 'ready', 'a new instance passed its health check', outcome, {
          instanceId,
          tookMs: Math.round(tookMs),
        });
      }
    }
    this.failures(service);
  }

  private failures(service: Service): void {
    const { failed } = service.departed;
    const before = this.told.get(service);
    this.told.set(service, new Set(failed.map(({ id }) => id)));
    // At first sight: what the former leader has told.
    if (before === undefined) return;
    for (const instance of failed) {
      if (before.has(instance.id)) continue;
      this.context.metrics.instanceFailures.with({ service: service.id }).inc();
      const more = { instanceId: instance.id, exitCode: instance.exitCode ?? undefined };
      this.journal.happened(service, 'failed', `${instance.id} failed`, whyFailed(instance), more);
    }
  }

  /** @param error what waiting requests are told from now on */
  noteError(service: Service, error: DeploymentError | null): void {
    const key = error?.key ?? '';
    const before = this.errors.get(service) ?? '';
    this.errors.set(service, key);
    if (key === before) return;
    const reason =
      error === null ? 'the deployment error is over' : `no instance can get healthy: ${error.message}`;
    const outcome = error === null ? 'requests wait for instances again' : 'waiting requests fail with it';
    this.journal.happened(service, 'deployment-error', reason, outcome);
  }
}

function whyFailed({ exitCode, message, flags, host, healthCheckStatus }: Instance): string {
  const parts = [
    exitCode === null ? null : `exit code ${exitCode}`,
    message,
    healthCheckStatus === null ? null : `health check answered ${healthCheckStatus}`,
    flags.length === 0 ? null : flags.join(', '),
  ];
  const known = parts.filter((part) => part !== null && part !== '');
  return `${known.length === 0 ? 'no reason is known' : known.join('; ')} (on ${host})`;
}
