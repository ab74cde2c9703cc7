import type { ServiceId } from '@waiter/core';
import type { ScheduledService } from '../port';
import type { Batches } from './batches';
import { componentNamed, type Component, type Components } from './component';
import type { Homes } from './homes';

/** A service and who runs it. */
export interface Found {
  readonly component: Component;
  readonly service: ScheduledService;
}

class NotThere extends Error {}

/** Finds out which component runs a service. */
export class Owners {
  constructor(
    private readonly components: Components,
    private readonly homes: Homes,
    private readonly batches: Batches,
  ) {}

  /** As it was found last, without asking again. @throws SchedulerError where one that may have it does not answer */
  async of(id: ServiceId): Promise<Component | null> {
    const known = this.batches.ownerOf(id);
    if (known !== undefined) return componentNamed(this.components, known);
    return (await this.find(id))?.component ?? null;
  }

  /** Asks the component that is known to have it, else all. @throws SchedulerError where one that may have it does not answer */
  async find(id: ServiceId): Promise<Found | null> {
    const known = this.batches.ownerOf(id);
    if (known !== undefined) {
      const found = await this.findAt(componentNamed(this.components, known), id);
      if (found !== null) return found;
      this.batches.forget(id);
    }
    const asked = [...this.components.values()].map(async (component) => {
      const found = await this.findAt(component, id);
      if (found === null) throw new NotThere();
      return found;
    });
    try {
      return await Promise.any(asked);
    } catch (error) {
      const failure = (error as AggregateError).errors.find((one) => !(one instanceof NotThere)) as unknown;
      if (failure !== undefined) throw failure;
      return null;
    }
  }

  private async findAt(component: Component, id: ServiceId): Promise<Found | null> {
    const service = await component.scheduler.get(id);
    if (service === null || !this.homes.isAt(component.name, service)) return null;
    this.batches.own(id, component.name);
    return { component, service };
  }
}
