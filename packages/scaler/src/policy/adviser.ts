import {
  adviceDue,
  askPolicy,
  runnablePolicy,
  type Advice,
  type Policy,
  type PolicyLimits,
  type PolicyState,
} from '@waiter/scaling';
import type { Context } from '../context';
import type { Service } from '../service/service';
import { Measurements, type Measured } from './measurements';

/** What survives the leader, within the scale state. */
export interface SavedPolicy extends PolicyState {
  readonly measured: Measured;
}

/** The policy of one service, with all that it goes by. */
export class ServicePolicy {
  readonly measurements: Measurements;
  private state: PolicyState | null;

  constructor(
    readonly policy: Policy,
    before: SavedPolicy | null,
  ) {
    this.state = before;
    this.measurements = new Measurements(before?.measured ?? null);
  }

  get saved(): SavedPolicy | null {
    return this.state && { ...this.state, measured: this.measurements.measured };
  }

  /** @param nowMs wall clock */
  ask(limits: PolicyLimits, service: Service, nowMs: number): Advice {
    if (this.state !== null && !adviceDue(this.policy, this.state, nowMs)) return this.state.advice;
    const { arrivals, elapsedMs, meanDemand } = this.measurements.take();
    const { inFlight = 0, queued = 0 } = service.load ?? {};
    const seen = {
      nowMs,
      elapsedMs,
      inFlight,
      queued,
      meanDemand: meanDemand ?? inFlight + queued,
      arrivals,
      total: Math.max(0, service.requested - service.draining.length),
      ready: service.healthyCount,
      ...this.measurements.measured,
    };
    this.state = askPolicy(this.policy, limits, seen, this.state);
    return this.state.advice;
  }
}

/** Asks the policies of the services that name one (`scaling-policy`); the original's formula is none of them. */
export class Adviser {
  constructor(private readonly context: Context) {}

  /** @returns null where the formula decides */
  advise(service: Service): Advice | null {
    const entry = this.entry(service);
    if (entry === null || !service.known) return null;
    const { clock } = this.context;
    if (service.load !== null) entry.measurements.observe(service.load, clock.monotonic());
    const { concurrencyLevel, minInstances, maxInstances } = service.described.scaling;
    const limits = {
      concurrencyLevel,
      maxInstances,
      // As in the formula: a service that has been replaced keeps one at most for its own sake (1.6).
      minInstances: service.stale === null ? minInstances : Math.min(1, minInstances),
    };
    return entry.ask(limits, service, clock.now());
  }

  /** Whether the service's policy wants to be asked more often than each tick. */
  hurried(service: Service): boolean {
    return (this.entry(service)?.policy.intervalMs ?? Infinity) < this.context.options.tickMs;
  }

  private entry(service: Service): ServicePolicy | null {
    const { scalingPolicy } = service.described.compiled;
    if (scalingPolicy === 'original') return (service.policy = null);
    if (service.policy?.policy.name !== scalingPolicy) {
      // An operator may have overridden the parameter a moment ago: what another policy carried is not for this one.
      service.policy = new ServicePolicy(runnablePolicy(scalingPolicy), service.state?.policy ?? null);
    }
    return service.policy;
  }
}
