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
import { selectorOf, type SelectionOptions, type Selector } from './select';

export interface Component {
  readonly name: string;
  readonly scheduler: Scheduler;
  /** Services that belong to another component are left where they are, instead of being deleted here. Default false. */
  readonly ignoreMisplaced?: boolean;
}

export interface CompositeOptions extends SelectionOptions {
  readonly components: readonly [Component, ...Component[]];
  /**
   * The effective description of a service whose core description is all that is known, to see where it belongs; what it
   * throws means that nobody can tell. Default: the core description itself.
   */
  readonly effectiveOf?: (description: ServiceParameters) => ServiceParameters;
  /** A list waits so long for each component; default 3000. */
  readonly patienceMs?: number;
  readonly logger?: Logger;
}

/** A component that hangs must not hold up the others for as long as its driver tries again. */
const PATIENCE_MS = 3000;

/**
 * Several schedulers as one (spec: scaling-and-schedulers 6.5): each service is run by the component that its description
 * selects, all are listed together. One that does not answer hides nothing of the others: what it listed last stands for it.
 * @throws TypeError for options that cannot work
 */
export function createCompositeScheduler(options: CompositeOptions): Scheduler {
  return new CompositeScheduler(options);
}

class CompositeScheduler implements Scheduler {
  readonly kind = 'composite';
  private readonly components: ReadonlyMap<string, Component>;
  private readonly select: Selector;
  private readonly batches = new Batches();
  private readonly listing = new Map<string, Promise<void>>();
  private readonly patienceMs: number;
  private readonly logger: Logger;

  constructor(private readonly options: CompositeOptions) {
    this.components = new Map(options.components.map((component) => [component.name, component]));
    if (this.components.size < options.components.length)
      throw new TypeError('two schedulers have the same name');
    this.select = selectorOf([...this.components.keys()], options);
    this.logger = options.logger ?? silentLogger;
    this.patienceMs = options.patienceMs ?? PATIENCE_MS;
  }

  /** @throws SchedulerError only where no component answers */
  async list(): Promise<readonly ScheduledService[]> {
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
    const running = this.listing.get(name);
    if (running !== undefined) return running;
    const listing = scheduler
      .list()
      .then((services) => this.batches.put(name, this.placed(component, services)))
      .finally(() => this.listing.delete(name));
    this.listing.set(name, listing);
    return listing;
  }

  async get(id: ServiceId): Promise<ScheduledService | null> {
    const found = await this.find(id);
    return found?.service ?? null;
  }

  async create(spec: ServiceSpec): Promise<boolean> {
    const name = this.select(spec.effective);
    const created = await this.component(name).scheduler.create(spec);
    this.batches.own(spec.id, name);
    return created;
  }

  async scale(id: ServiceId, instances: number, options?: { readonly force?: boolean }): Promise<void> {
    const component = await this.owner(id);
    if (component === null) throw new SchedulerError(`${id} does not exist`, 404, false);
    await component.scheduler.scale(id, instances, options);
  }

  async kill(
    instance: Pick<Instance, 'id' | 'serviceId'>,
    options?: { readonly force?: boolean },
  ): Promise<KillResult> {
    const component = await this.owner(instance.serviceId);
    if (component === null) return { killed: false, message: 'No such service', status: 404 };
    return component.scheduler.kill(instance, options);
  }

  async delete(id: ServiceId): Promise<DeleteResult> {
    const component = await this.owner(id);
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
    const name = this.selected(effective);
    return name !== null && this.batches.of(name) === undefined;
  }

  checksHealth(effective: ServiceParameters): boolean {
    const name = this.selected(effective);
    return name === null || (this.component(name).scheduler.checksHealth?.(effective) ?? true);
  }

  async close(): Promise<void> {
    await Promise.all([...this.components.values()].map(({ scheduler }) => scheduler.close()));
  }

  /** Without the services that belong elsewhere, which are deleted here: two components must not both run one. */
  private placed(component: Component, services: readonly ScheduledService[]): ScheduledService[] {
    return services.filter((service) => {
      const name = this.home(service);
      if (name === null || name === component.name) return true;
      if (component.ignoreMisplaced !== true) void this.evict(component, service.id, name);
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

  /** The component that the service belongs to; null where nobody can tell. */
  private home({ description }: ScheduledService): string | null {
    if (description === null) return null;
    try {
      return this.selected(this.options.effectiveOf?.(description) ?? description);
    } catch {
      return null;
    }
  }

  private selected(effective: ServiceParameters): string | null {
    try {
      return this.select(effective);
    } catch {
      return null;
    }
  }

  private component(name: string): Component {
    const component = this.components.get(name);
    if (component === undefined) throw new TypeError(`there is no scheduler "${name}"`);
    return component;
  }

  private async owner(id: ServiceId): Promise<Component | null> {
    const known = this.batches.ownerOf(id);
    if (known !== undefined) return this.component(known);
    return (await this.find(id))?.component ?? null;
  }

  /** Asks the component that is known to have it, else all. @throws SchedulerError where one that may have it does not answer */
  private async find(id: ServiceId): Promise<Found | null> {
    const known = this.batches.ownerOf(id);
    if (known !== undefined) {
      const found = await this.findAt(this.component(known), id);
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
    if (service === null || !this.isAt(component, service)) return null;
    this.batches.own(id, component.name);
    return { component, service };
  }

  private isAt(component: Component, service: ScheduledService): boolean {
    const home = this.home(service);
    return home === null || home === component.name;
  }
}

interface Found {
  readonly component: Component;
  readonly service: ScheduledService;
}

class NotThere extends Error {}

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
