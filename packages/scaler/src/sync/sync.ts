import type { ServiceId } from '@waiter/core';
import type { ScheduledService, SchedulerEvent } from '@waiter/scheduler';
import type { Context } from '../context';
import type { Prober } from '../health/prober';
import type { Service } from '../service/service';
import type { Publisher } from './publisher';
import type { Registry } from './registry';
import { SecondLooks } from './second-looks';

/** Keeps what is known of instances equal to what the scheduler says: by its events, and by its list from time to time. */
export class Sync {
  private listing: Promise<void> | null = null;
  private next: Promise<void> | null = null;
  private readonly secondLooks: SecondLooks;

  constructor(
    private readonly context: Context,
    private readonly registry: Registry,
    private readonly publisher: Publisher,
    private readonly prober: Prober,
  ) {
    const one = async (id: ServiceId): Promise<void> => {
      const service = context.services.get(id);
      if (service !== undefined) await this.one(service);
    };
    this.secondLooks = new SecondLooks(
      { one, everything: () => this.full() },
      () => context.clock.monotonic(),
      (error) => this.complain('changed', error),
    );
  }

  stop(): void {
    this.secondLooks.stop();
  }

  /**
   * Lists everything and takes it over. One list at a time: whoever asks meanwhile gets the next one, and nobody waits for more
   * than that.
   * @throws SchedulerError
   */
  full(): Promise<void> {
    if (this.listing === null) {
      this.listing = this.list().finally(() => (this.listing = null));
      return this.listing;
    }
    this.next ??= this.listing
      .catch(() => undefined)
      .then(() => {
        this.next = null;
        return this.context.ended ? undefined : this.full();
      });
    return this.next;
  }

  private async list(): Promise<void> {
    const { scheduler, clock, services } = this.context;
    const askedAtMs = clock.monotonic();
    const [listed, ids] = await Promise.all([scheduler.list(), this.context.store.services.ids()]);
    if (this.context.ended) return;
    const byId = new Map(listed.map((service) => [service.id, service]));
    const all = new Set([...byId.keys(), ...ids, ...services.keys()]);
    await Promise.all(
      [...all].map(async (id) => {
        const scheduled = byId.get(id) ?? null;
        const service = await this.registry.get(id, scheduled);
        if (service === null || this.context.ended) return;
        service.hidden = scheduled === null && scheduler.isHidden?.(service.described.effective) === true;
        // Nobody can tell what runs of it: what a former leader published stands.
        if (service.hidden) return;
        this.takeOver(service, scheduled, askedAtMs);
        await this.registry.keepListed(service, ids);
      }),
    );
    this.context.metrics.services.set(services.size);
  }

  /** Asks for one service only. @throws SchedulerError */
  async one(service: Service): Promise<void> {
    const askedAtMs = this.context.clock.monotonic();
    this.takeOver(service, await this.context.scheduler.get(service.id), askedAtMs);
  }

  private takeOver(service: Service, listed: ScheduledService | null, askedAtMs: number): void {
    service.observe(listed, askedAtMs, this.context.clock.now());
    this.registry.restore(service);
    this.changed(service);
  }

  private changed(service: Service): void {
    this.publisher.publishSoon(service);
    this.prober.watch(service);
  }

  /** Events come at any time; they only matter while leading. */
  onEvent(event: SchedulerEvent): void {
    this.handle(event).catch((error: unknown) => this.complain(event.type, error));
  }

  private complain(event: SchedulerEvent['type'], error: unknown): void {
    if (this.context.ended) return;
    this.context.logger.warn('the scheduler could not be asked after an event', { event, error });
  }

  private async handle(event: SchedulerEvent): Promise<void> {
    const { clock, services } = this.context;
    if (event.type === 'changed' && event.serviceId === null) return this.full();
    const id = event.type === 'started' ? event.instance.serviceId : event.serviceId;
    const service = id === null ? undefined : services.get(id);
    if (service === undefined) return this.unknown(id);
    switch (event.type) {
      case 'started':
        service.noteActive(event.instance, clock.monotonic());
        this.publisher.publishLater(service);
        return this.prober.watch(service);
      case 'ended':
        service.noteEnded(event.instanceId, event.failed, clock.now());
        break;
      case 'health':
        service.instances.get(event.instanceId)?.reportHealth(event.healthy);
        break;
      case 'changed':
        return this.secondLooks.want(service.id);
    }
    this.changed(service);
  }

  /** Somebody else made it, or it is older than our first list. */
  private async unknown(id: ServiceId | null): Promise<void> {
    if (id === null) return;
    const askedAtMs = this.context.clock.monotonic();
    const listed = await this.context.scheduler.get(id);
    const service = await this.registry.get(id, listed);
    if (service !== null) this.takeOver(service, listed, askedAtMs);
  }
}
