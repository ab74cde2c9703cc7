import type { ServiceId } from '@waiter/core';
import type { ScheduledService } from '../port';

/** What each component listed last, and which of them has a service. */
export class Batches {
  private readonly byComponent = new Map<string, ReadonlyMap<ServiceId, ScheduledService>>();
  private readonly owners = new Map<ServiceId, string>();

  put(component: string, services: readonly ScheduledService[]): void {
    for (const [id, owner] of this.owners) if (owner === component) this.owners.delete(id);
    for (const { id } of services) this.owners.set(id, component);
    this.byComponent.set(component, new Map(services.map((service) => [service.id, service])));
  }

  /** Of a component that has not listed anything yet: undefined. */
  of(component: string): readonly ScheduledService[] | undefined {
    const batch = this.byComponent.get(component);
    return batch && [...batch.values()];
  }

  ownerOf(id: ServiceId): string | undefined {
    return this.owners.get(id);
  }

  /** It was created there, or found. */
  own(id: ServiceId, component: string): void {
    this.owners.set(id, component);
  }

  forget(id: ServiceId): void {
    this.owners.delete(id);
  }
}
