import type { Instance, InstanceId, ServiceId } from '@waiter/core';

/** Kept per service (spec: scaling-and-schedulers 3.1). */
const MOST = 10;

/**
 * Failures of each service. Marathon shows only the last one of an app, so they are collected over time, from lists
 * and from events (4A.7).
 */
export class FailedInstances {
  private readonly byService = new Map<ServiceId, Map<InstanceId, Instance>>();

  /** A known id is not replaced; when there are too many, the oldest goes. */
  add(instance: Instance): void {
    const known = this.byService.get(instance.serviceId) ?? new Map<InstanceId, Instance>();
    this.byService.set(instance.serviceId, known);
    if (!known.has(instance.id)) known.set(instance.id, instance);
    const oldest = this.of(instance.serviceId)[0];
    if (known.size > MOST && oldest !== undefined) known.delete(oldest.id);
  }

  /** Oldest first. */
  of(serviceId: ServiceId): Instance[] {
    return [...(this.byService.get(serviceId)?.values() ?? [])].sort(
      (a, b) => (a.startedAtMs ?? 0) - (b.startedAtMs ?? 0) || (a.id < b.id ? -1 : 1),
    );
  }

  /** One that is active again has not failed. */
  forgetInstance(serviceId: ServiceId, id: InstanceId): void {
    this.byService.get(serviceId)?.delete(id);
  }

  forgetService(serviceId: ServiceId): void {
    this.byService.delete(serviceId);
  }

  /** Services that are not listed any more are forgotten. */
  keepOnly(serviceIds: ReadonlySet<ServiceId>): void {
    for (const id of this.byService.keys()) if (!serviceIds.has(id)) this.byService.delete(id);
  }
}
