import type { ServiceId } from '@waiter/core';
import type { Logger } from '@waiter/observability';
import { SchedulerError, type ScheduledService } from '../port';
import type { Batches } from './batches';
import type { Component, Components } from './component';
import type { Homes } from './homes';

/** All components' services as one list. One that does not answer hides nothing of the others: what it listed last stands for it. */
export class Lists {
  private readonly running = new Map<string, Promise<void>>();

  /** @param patienceMs a list waits so long for each component */
  constructor(
    private readonly components: Components,
    private readonly homes: Homes,
    private readonly batches: Batches,
    private readonly patienceMs: number,
    private readonly logger: Logger,
  ) {}

  /** @throws SchedulerError only where no component answers */
  async all(): Promise<readonly ScheduledService[]> {
    const components = [...this.components.values()];
    const results = await Promise.allSettled(
      components.map((component) => within(this.patienceMs, this.listed(component))),
    );
    const failures = results.flatMap((result, index) =>
      result.status === 'rejected'
        ? [{ name: components[index]?.name, error: result.reason as unknown }]
        : [],
    );
    if (failures.length === components.length) throw failures[0]?.error;
    for (const { name, error } of failures) {
      this.logger.warn('a scheduler could not be listed: what it said last stands', {
        scheduler: name,
        error,
      });
    }
    return components.flatMap(({ name }) => this.batches.of(name) ?? []);
  }

  /** One list at a time of each; one that comes late is remembered all the same. */
  private listed(component: Component): Promise<void> {
    const { name, scheduler } = component;
    const running = this.running.get(name);
    if (running !== undefined) return running;
    const listing = scheduler
      .list()
      .then((services) => this.batches.put(name, this.placed(component, services)))
      .finally(() => this.running.delete(name));
    this.running.set(name, listing);
    return listing;
  }

  /** Without the services that belong elsewhere, which are deleted here: two components must not both run one. */
  private placed(component: Component, services: readonly ScheduledService[]): ScheduledService[] {
    return services.filter((service) => {
      const home = this.homes.of(service);
      if (home === null || home === component.name) return true;
      if (component.ignoreMisplaced !== true) void this.evict(component, service.id, home);
      return false;
    });
  }

  private async evict({ name, scheduler }: Component, id: ServiceId, home: string): Promise<void> {
    try {
      const result = await scheduler.delete(id);
      this.logger.warn('a service ran on another scheduler than its own', {
        service: id,
        on: name,
        home,
        result,
      });
    } catch (error) {
      this.logger.warn('a service on the wrong scheduler could not be deleted', {
        service: id,
        on: name,
        error,
      });
    }
  }
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new SchedulerError(`no answer within ${ms} ms`, null, true)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // It may still fail, when nobody waits for it any more.
    work.catch(() => undefined);
  }
}
