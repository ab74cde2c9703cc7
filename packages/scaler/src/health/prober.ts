import type { InstanceId } from '@waiter/core';
import type { Context } from '../context';
import { servicePassword } from '../service/record';
import type { TrackedInstance } from '../service/instance';
import type { Service } from '../service/service';
import type { Publisher } from '../sync/publisher';
import { checkHealth } from './check';
import { probeDelay } from './schedule';

/** An instance this young counts as just started, even if nobody is seen to wait yet. */
const JUST_STARTED_MS = 10_000;

interface Probe {
  readonly service: Service;
  readonly id: InstanceId;
  readonly sinceMs: number;
  timer: NodeJS.Timeout | undefined;
  /** When the timer fires, monotonic; 0 while a check runs. */
  dueMs: number;
  urgent: boolean;
}

/** Probes every instance that the scheduler does not call healthy, the more often the more it is waited for. */
export class Prober {
  private readonly probes = new Map<InstanceId, Probe>();

  constructor(
    private readonly context: Context,
    private readonly publisher: Publisher,
  ) {}

  /** Looks at a service's instances: starts probing new ones, and sooner where somebody waits now. */
  watch(service: Service): void {
    for (const tracked of service.instances.values()) {
      if (!this.needsProbe(tracked)) continue;
      const probe = this.probes.get(tracked.id);
      if (probe === undefined) this.start(service, tracked);
      else if (probe.dueMs > 0) this.hasten(probe, tracked);
    }
  }

  stop(): void {
    for (const probe of this.probes.values()) clearTimeout(probe.timer);
    this.probes.clear();
  }

  private needsProbe(tracked: TrackedInstance): boolean {
    return !tracked.confirmed && tracked.fate !== 'killed' && tracked.instance.port > 0;
  }

  private start(service: Service, tracked: TrackedInstance): void {
    const probe: Probe = {
      service,
      id: tracked.id,
      sinceMs: this.context.clock.monotonic(),
      timer: undefined,
      dueMs: 0,
      urgent: false,
    };
    this.probes.set(tracked.id, probe);
    if (tracked.healthy) this.schedule(probe, tracked);
    else void this.check(probe);
  }

  private delay(probe: Probe, tracked: TrackedInstance): number {
    const { clock, options } = this.context;
    const ageMs = clock.monotonic() - probe.sinceMs;
    probe.urgent = !tracked.healthy && (probe.service.outstanding > 0 || ageMs < JUST_STARTED_MS);
    let urgentProbes = 0;
    for (const other of this.probes.values()) if (other.urgent) urgentProbes++;
    return probeDelay(
      {
        ageMs,
        urgent: probe.urgent,
        healthy: tracked.healthy,
        urgentProbes,
        intervalMs: probe.service.described.compiled.healthCheckIntervalMs,
      },
      options,
    );
  }

  private schedule(probe: Probe, tracked: TrackedInstance): void {
    const delayMs = this.delay(probe, tracked);
    probe.dueMs = this.context.clock.monotonic() + delayMs;
    clearTimeout(probe.timer);
    probe.timer = setTimeout(() => void this.check(probe), delayMs);
  }

  private hasten(probe: Probe, tracked: TrackedInstance): void {
    const leftMs = probe.dueMs - this.context.clock.monotonic();
    if (this.delay(probe, tracked) < leftMs) this.schedule(probe, tracked);
  }

  private async check(probe: Probe): Promise<void> {
    const { context } = this;
    const { described } = probe.service;
    probe.dueMs = 0;
    const before = probe.service.instances.get(probe.id);
    if (before === undefined || context.ended || !this.needsProbe(before)) {
      this.probes.delete(probe.id);
      return;
    }
    const result = await checkHealth(before.instance, described.compiled, {
      timeoutMs: context.options.healthCheckTimeoutMs,
      password: servicePassword(described.id, context.options.passwords),
    });
    const tracked = probe.service.instances.get(probe.id);
    if (tracked === undefined || context.ended) {
      this.probes.delete(probe.id);
      return;
    }
    context.metrics.probes.with({ result: result.healthy ? 'healthy' : 'unhealthy' }).inc();
    const was = tracked.healthy;
    tracked.noteCheck(result, described.compiled.healthCheckMaxConsecutiveFailures);
    if (tracked.healthy !== was) {
      this.publisher.publishSoon(probe.service);
      if (tracked.healthy) {
        context.logger.info('instance is ready', {
          service: described.id,
          instance: tracked.id,
          afterMs: Math.round(context.clock.monotonic() - probe.sinceMs),
        });
      } else context.logger.warn('instance stopped answering health checks', { instance: tracked.id });
    } else if (tracked.failedChecks === 1 || result.status === 401)
      this.publisher.publishLater(probe.service);
    if (this.probes.get(probe.id) === probe) this.schedule(probe, tracked);
  }
}
