import type { DeleteResult } from '@waiter/scheduler';
import { assertActing, type Context } from '../context';
import type { Service } from '../service/service';
import type { Publisher } from '../sync/publisher';

const POLL_MS = 50;
/** Workers give idle leases back within 2 s of the notice that their instance is closed. */
const LEASES_BACK_MS = 5_000;

export interface DeletionOptions {
  /** Asked once all instances are closed: false keeps the service. */
  readonly confirm?: () => Promise<boolean>;
}

/** Deletes a whole service without breaking a request: closes its instances, waits for their leases, then deletes. */
export class Deletion {
  constructor(
    private readonly context: Context,
    private readonly publisher: Publisher,
  ) {}

  /**
   * One at a time for each service: see `Service.collecting`.
   * @returns `kept` when it is used again, or its slots were not given back in time
   * @throws SchedulerError, NotLeadingError
   */
  async run(service: Service, { confirm }: DeletionOptions = {}): Promise<DeleteResult | 'kept'> {
    const { clock } = this.context;
    try {
      for (const tracked of service.instances.values()) {
        if (tracked.fate === 'open') tracked.startDrain(clock.monotonic(), clock.now());
      }
      await this.publisher.publish(service);
      const back = await this.leasesBack(service);
      if (confirm !== undefined && (!back || !(await confirm()) || service.healthyCount > 0)) {
        this.reopen(service);
        return 'kept';
      }
      return await this.delete(service);
    } catch (error) {
      this.reopen(service);
      throw error;
    }
  }

  private async delete(service: Service): Promise<DeleteResult> {
    const { context } = this;
    assertActing(context, `delete ${service.id}`);
    // From here on a new request waits until the service is gone, and then starts it anew.
    service.applying = true;
    try {
      const result = await context.scheduler.delete(service.id);
      if (result === 'busy') this.reopen(service);
      else await this.settle(service);
      return result;
    } finally {
      service.applying = false;
      service.touchedAtMs = context.clock.monotonic();
    }
  }

  private async settle(service: Service): Promise<void> {
    const { store, clock } = this.context;
    service.noteDeleted(clock.monotonic());
    await this.publisher.publish(service);
    await store.services.retire(service.id);
    await store.services.dropScaleState(service.id);
    service.saved = null;
  }

  private reopen(service: Service): void {
    for (const tracked of service.instances.values()) tracked.reopen();
    this.publisher.publishSoon(service);
  }

  private async leasesBack(service: Service): Promise<boolean> {
    const { store, clock } = this.context;
    const deadline = clock.monotonic() + LEASES_BACK_MS;
    for (;;) {
      const usage = await store.leases.usage(service.id);
      const unused = [...service.instances.keys()].every((id) => (usage.get(id) ?? 0) === 0);
      if (unused && (await this.publisher.leasesComplete(service))) return true;
      if (clock.monotonic() > deadline || this.context.ended) return false;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}
