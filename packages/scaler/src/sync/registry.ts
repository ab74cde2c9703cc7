import type { ServiceId } from '@waiter/core';
import type { ScheduledService } from '@waiter/scheduler';
import type { InstanceSnapshot } from '@waiter/store';
import type { Context } from '../context';
import { inherit } from '../service/inherit';
import { readService, rebuildService, type DescribedService } from '../service/record';
import type { ScaleState } from '../service/scale-state';
import { Service } from '../service/service';

/** The services of this term. A service enters it with everything that a former leader left behind. */
export class Registry {
  private readonly entering = new Map<ServiceId, Promise<Service | null>>();
  /** Snapshots of former leaders that wait for the first list. */
  private readonly snapshots = new Map<ServiceId, InstanceSnapshot>();
  private readonly complained = new Set<ServiceId>();

  constructor(private readonly context: Context) {}

  /**
   * @param listed what the scheduler says of it, as a source of its description when Redis has none
   * @returns null when nobody knows what the service is
   */
  get(id: ServiceId, listed: ScheduledService | null = null): Promise<Service | null> {
    const known = this.context.services.get(id);
    if (known !== undefined) return Promise.resolve(known);
    const under = this.entering.get(id);
    if (under !== undefined) return under;
    const entry = this.enter(id, listed).finally(() => this.entering.delete(id));
    this.entering.set(id, entry);
    return entry;
  }

  private async enter(id: ServiceId, listed: ScheduledService | null): Promise<Service | null> {
    const { store, clock, services, options } = this.context;
    const [read, state, snapshot] = await Promise.all([
      readService(store, id),
      store.services.scaleState<ScaleState>(id),
      store.instances.get(id),
    ]);
    const described = read ?? (await this.rebuild(id, listed));
    if (described === null || !this.isScalable(described)) return null;
    const service = new Service(described, clock.now(), options.failedCheckThreshold);
    service.state = state && this.resume(state);
    service.saved = state;
    if (snapshot !== null) this.snapshots.set(id, snapshot);
    services.set(id, service);
    return service;
  }

  /**
   * The moving average goes on where the former leader left it. Time in which nobody decided does not count, beyond
   * what it takes to be elected: of the load in it nothing is known, and it is not saved when a target that rests was
   * looked at last.
   */
  private resume(state: ScaleState): ScaleState {
    const { electedAtMs, options } = this.context;
    const earliestMs = electedAtMs - options.leaseMs - options.tickMs;
    return { ...state, evaluatedAtMs: Math.max(state.evaluatedAtMs, earliestMs) };
  }

  /** Without knowing what an instance takes nothing can be said of how many to start (1.6). */
  private isScalable({ id, compiled }: DescribedService): boolean {
    if (compiled.cpus > 0 && compiled.memMiB > 0) return true;
    if (!this.complained.has(id)) {
      this.context.logger.warn('a service without cpus or mem cannot be scaled', { service: id });
    }
    this.complained.add(id);
    return false;
  }

  /** Redis lost the service, or never had it; the scheduler's labels say what it is (DESIGN section 7, Safety). */
  private async rebuild(id: ServiceId, listed: ScheduledService | null): Promise<DescribedService | null> {
    const { context } = this;
    if (listed === null) return null;
    try {
      if (listed.description === null) throw new Error('its labels hold no description');
      const rebuilt = rebuildService(
        id,
        listed.description,
        context.options.descriptions,
        context.clock.now(),
      );
      await this.ensure(rebuilt);
      context.logger.info('rebuilt a service from the scheduler', { service: id });
      return rebuilt;
    } catch (error) {
      if (!this.complained.has(id)) {
        context.logger.warn('the scheduler runs a service that cannot be read', { service: id, error });
      }
      this.complained.add(id);
      return null;
    }
  }

  /** Lists the service among those that run, and writes its description where Redis has none. */
  async ensure({ id, description, registered }: DescribedService): Promise<void> {
    const service = { id, description, effective: registered, sourceTokens: [], reference: null };
    await this.context.store.services.ensure(service);
  }

  /** Repairs Redis when it lost a service that runs. */
  async keepListed(service: Service, ids: readonly ServiceId[]): Promise<void> {
    if (service.known && !ids.includes(service.id)) await this.ensure(service.described);
  }

  /** Applies the former leader's snapshot, after the first list and before the first publication. */
  restore(service: Service): void {
    const snapshot = this.snapshots.get(service.id);
    if (snapshot === undefined) return;
    this.snapshots.delete(service.id);
    const { clock } = this.context;
    inherit(service, snapshot, clock.monotonic(), clock.now());
  }
}
