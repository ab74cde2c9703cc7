import type { Instance, ServiceId, ServiceParameters } from '@waiter/core';
import { silentLogger, type Logger } from '@waiter/observability';
import {
  SchedulerError,
  type DeleteResult,
  type KillResult,
  type ScheduledService,
  type Scheduler,
  type SchedulerEvent,
  type ServiceSpec,
} from '../port';
import { Batches } from './batches';
import { componentNamed, componentsOf, type Component, type Components } from './component';
import { Homes, type HomeOptions } from './homes';
import { Lists } from './lists';
import { Owners } from './owners';

export interface CompositeOptions extends HomeOptions {
  readonly components: readonly [Component, ...Component[]];
  /** A list waits so long for each component; default 3000. */
  readonly patienceMs?: number;
  readonly logger?: Logger;
}

/** A component that hangs must not hold up the others for as long as its driver tries again. */
const PATIENCE_MS = 3000;

/**
 * Several schedulers as one (spec: scaling-and-schedulers 6.5): each service is run by the component that its description
 * selects, all are listed together.
 * @throws TypeError for options that cannot work
 */
export function createCompositeScheduler(options: CompositeOptions): Scheduler {
  return new CompositeScheduler(options);
}

class CompositeScheduler implements Scheduler {
  readonly kind = 'composite';
  private readonly components: Components;
  private readonly homes: Homes;
  private readonly batches = new Batches();
  private readonly owners: Owners;
  private readonly lists: Lists;

  constructor(options: CompositeOptions) {
    const { patienceMs = PATIENCE_MS, logger = silentLogger } = options;
    this.components = componentsOf(options.components);
    this.homes = new Homes([...this.components.keys()], options);
    this.owners = new Owners(this.components, this.homes, this.batches);
    this.lists = new Lists(this.components, this.homes, this.batches, patienceMs, logger);
  }

  list(): Promise<readonly ScheduledService[]> {
    return this.lists.all();
  }

  async get(id: ServiceId): Promise<ScheduledService | null> {
    const found = await this.owners.find(id);
    return found?.service ?? null;
  }

  async create(spec: ServiceSpec): Promise<boolean> {
    const name = this.homes.select(spec.effective);
    const created = await componentNamed(this.components, name).scheduler.create(spec);
    this.batches.own(spec.id, name);
    return created;
  }

  async scale(id: ServiceId, instances: number, options?: { readonly force?: boolean }): Promise<void> {
    const component = await this.owners.of(id);
    if (component === null) throw new SchedulerError(`${id} does not exist`, 404, false);
    await component.scheduler.scale(id, instances, options);
  }

  async kill(
    instance: Pick<Instance, 'id' | 'serviceId'>,
    options?: { readonly force?: boolean },
  ): Promise<KillResult> {
    const component = await this.owners.of(instance.serviceId);
    if (component === null) return { killed: false, message: 'No such service', status: 404 };
    return component.scheduler.kill(instance, options);
  }

  async delete(id: ServiceId): Promise<DeleteResult> {
    const component = await this.owners.of(id);
    if (component === null) return 'no-such-service';
    const result = await component.scheduler.delete(id);
    if (result !== 'busy') this.batches.forget(id);
    return result;
  }

  subscribe(listener: (event: SchedulerEvent) => void): void {
    for (const { scheduler } of this.components.values()) scheduler.subscribe(listener);
  }

  async maintain(): Promise<void> {
    const results = await Promise.allSettled(
      [...this.components.values()].map(({ scheduler }) => scheduler.maintain?.()),
    );
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  }

  rest(): void {
    for (const { scheduler } of this.components.values()) scheduler.rest?.();
  }

  isHidden(effective: ServiceParameters): boolean {
    const name = this.homes.selected(effective);
    return name !== null && this.batches.of(name) === undefined;
  }

  checksHealth(effective: ServiceParameters): boolean {
    const name = this.homes.selected(effective);
    if (name === null) return true;
    return componentNamed(this.components, name).scheduler.checksHealth?.(effective) ?? true;
  }

  async close(): Promise<void> {
    await Promise.all([...this.components.values()].map(({ scheduler }) => scheduler.close()));
  }
}
