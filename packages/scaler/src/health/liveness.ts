import type { CompiledDescription } from '@waiter/core';
import { SchedulerError } from '@waiter/scheduler';
import type { Context } from '../context';
import type { Pauses } from '../scale/pauses';
import type { TrackedInstance } from '../service/instance';
import { servicePassword } from '../service/record';
import type { Service } from '../service/service';
import type { Publisher } from '../sync/publisher';
import { checkHealth, type CheckedService } from './check';

interface Watched {
  /** Monotonic. */
  nextAtMs: number;
  failures: number;
  checking: boolean;
}

/** What an instance is asked, and when it is given up. */
interface Check {
  readonly kind: 'liveness' | 'health';
  readonly service: CheckedService;
  readonly intervalMs: number;
  readonly maxConsecutiveFailures: number;
}

/**
 * Replaces instances that fail their liveness check (spec: scaling-and-schedulers 3.6). The scheduler knows one check for
 * each app, the health check, and replaces what fails it; so this one is ours wherever a service wants another. Where the scheduler
 * cannot make the health check either, instances that fail it are replaced here.
 */
export class LivenessChecks {
  private readonly watched = new WeakMap<TrackedInstance, Watched>();

  constructor(
    private readonly context: Context,
    private readonly publisher: Publisher,
    private readonly pauses: Pauses,
    /** Evaluates a service at once: what was taken from it is needed. */
    private readonly evaluate: (service: Service) => Promise<void>,
  ) {}

  /** Begins the checks that are due; never waits for them. */
  run(): void {
    for (const service of this.context.services.values()) {
      const check = this.checkOf(service);
      if (check === null) continue;
      for (const tracked of service.instances.values()) {
        if (this.isDue(service, tracked)) void this.check(service, tracked, check);
      }
    }
  }

  private checkOf({ described: { compiled, effective } }: Service): Check | null {
    const { liveness } = compiled;
    if (hasOwnLiveness(compiled)) return { kind: 'liveness', service: livenessOf(compiled), ...liveness };
    if (this.context.scheduler.checksHealth?.(effective) ?? true) return null;
    return {
      kind: 'health',
      service: compiled,
      intervalMs: compiled.healthCheckIntervalMs,
      maxConsecutiveFailures: compiled.healthCheckMaxConsecutiveFailures,
    };
  }

  /** One that still starts is not given up; without a grace period it may start for ever. */
  private isDue(service: Service, tracked: TrackedInstance): boolean {
    const { clock } = this.context;
    const { startedAtMs, port } = tracked.instance;
    if (tracked.fate !== 'open' || port === 0 || startedAtMs === null) return false;
    const { gracePeriodMs } = service.described.compiled;
    const graceMs = gracePeriodMs === 0 ? Infinity : gracePeriodMs;
    if (!tracked.everHealthy && clock.now() - startedAtMs <= graceMs) return false;
    const watched = this.watched.get(tracked);
    return watched === undefined || (!watched.checking && clock.monotonic() >= watched.nextAtMs);
  }

  private async check(service: Service, tracked: TrackedInstance, check: Check): Promise<void> {
    const { context } = this;
    const watched = this.watched.get(tracked) ?? { nextAtMs: 0, failures: 0, checking: false };
    this.watched.set(tracked, watched);
    watched.checking = true;
    const result = await checkHealth(tracked.instance, check.service, {
      timeoutMs: context.options.healthCheckTimeoutMs,
      password: servicePassword(service.id, context.options.passwords),
    });
    watched.checking = false;
    watched.nextAtMs = context.clock.monotonic() + check.intervalMs;
    watched.failures = result.healthy ? 0 : watched.failures + 1;
    context.metrics.probes.with({ result: result.healthy ? 'live' : 'dead' }).inc();
    if (watched.failures < check.maxConsecutiveFailures) return;
    const answer = result.status === null ? 'no answer' : `status ${result.status}`;
    const why = `${watched.failures} ${check.kind} checks failed, the last with ${answer}`;
    await this.replace(service, tracked, why);
  }

  /** Requests on it are not waited for: it does not live. Those that nothing was sent of go elsewhere. */
  private async replace(service: Service, tracked: TrackedInstance, why: string): Promise<void> {
    const { context } = this;
    const { clock } = context;
    const free = tracked.fate === 'open' && !service.collecting && this.pauses.of(service.id) === null;
    if (!free || !context.acting()) return;
    tracked.startDrain(clock.monotonic(), clock.now());
    if (tracked.drain !== null) tracked.drain.killing = true;
    try {
      await this.publisher.publish(service);
      const result = await context.scheduler.kill({ id: tracked.id, serviceId: service.id });
      if (!result.killed && result.status !== 404)
        throw new SchedulerError(result.message, result.status, true);
      service.noteGivenUp(tracked, why, clock.now(), !result.killed);
      this.publisher.publishSoon(service);
    } catch (error) {
      // From here it is an instance that drains: it will be asked for again.
      if (tracked.drain !== null) tracked.drain.killing = false;
      context.logger.warn('an instance that fails its liveness checks could not be killed', {
        service: service.id,
        instance: tracked.id,
        error,
      });
    }
    await this.evaluate(service);
  }
}

/** Whether liveness is another question than health. */
export function hasOwnLiveness(compiled: CompiledDescription): boolean {
  const { liveness: own } = compiled;
  return (
    own.url !== compiled.healthCheckUrl ||
    own.proto !== compiled.healthCheckProto ||
    own.portIndex !== compiled.healthCheckPortIndex ||
    own.authentication !== compiled.healthCheckAuthentication ||
    own.intervalMs !== compiled.healthCheckIntervalMs ||
    own.maxConsecutiveFailures !== compiled.healthCheckMaxConsecutiveFailures
  );
}

function livenessOf({ liveness, runAsUser }: CompiledDescription): CheckedService {
  return {
    healthCheckUrl: liveness.url,
    healthCheckProto: liveness.proto,
    healthCheckPortIndex: liveness.portIndex,
    healthCheckAuthentication: liveness.authentication,
    runAsUser,
  };
}
