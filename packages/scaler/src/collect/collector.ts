import { NO_LOAD, type CollectionEntry } from '@waiter/store';
import type { ServiceId } from '@waiter/core';
import type { Context } from '../context';
import { demandAfterNudge } from '../scale/demand';
import type { Journal } from '../scale/journal';
import type { Pauses } from '../scale/pauses';
import type { Service } from '../service/service';
import type { Registry } from '../sync/registry';
import type { Deletion } from './deletion';
import type { StaleServices } from '../stale/stale-services';
import { BrokenServices } from './broken';
import { outlook, type Why } from './reasons';
import type { Safety } from './safety';

const REASONS = {
  stale: (idleSecs: number) => `its tokens lead to other services now, not used for ${idleSecs} s`,
  idle: (idleSecs: number) => `not used for ${idleSecs} s`,
  broken: () => 'it only fails and nobody asks for it',
};

/** Deletes services that nobody uses or that only fail, and those that an operator wants gone. */
export class Collector {
  private readonly broken = new BrokenServices();
  private restored = false;

  constructor(
    private readonly context: Context,
    private readonly registry: Registry,
    private readonly deletion: Deletion,
    private readonly safety: Safety,
    private readonly journal: Journal,
    private readonly pauses: Pauses,
    private readonly stale: StaleServices,
    /** Evaluates a service at once: somebody may have asked while it went away. */
    private readonly evaluate: (service: Service) => Promise<void>,
  ) {}

  /** Looks at every service. Deletions go on after it returns, so that one slow service does not hold up the rest. */
  async collect(): Promise<void> {
    const { context } = this;
    const wait = await this.safety.reasonToWait();
    if (wait !== null) {
      context.logger.debug(`nothing is collected: ${wait}`);
      return;
    }
    await this.stale.refresh();
    const demand = await context.store.load.demand();
    const nowMs = context.clock.now();
    await this.restore();
    this.broken.keepOnly(context.services);
    const kept = {
      services: new Map<ServiceId, CollectionEntry>(),
      broken: new Map<ServiceId, CollectionEntry>(),
    };
    for (const service of context.services.values()) {
      service.load = demand.get(service.id) ?? NO_LOAD;
      const brokenSinceMs = this.broken.observe(service, context.options, nowMs);
      const { why, entries } = outlook(service, brokenSinceMs, context.options, nowMs);
      if (entries.services !== undefined) kept.services.set(service.id, entries.services);
      if (entries.broken !== undefined) kept.broken.set(service.id, entries.broken);
      if (why !== null) this.act(service, why);
    }
    const saved = await Promise.all([
      context.store.collections.save('services', context.epoch, kept.services),
      context.store.collections.save('broken', context.epoch, kept.broken),
    ]);
    if (saved.includes(false)) context.stepDown();
  }

  /** Once a term: what the former leader knew. When a service was last used is known from its scaling state. */
  private async restore(): Promise<void> {
    if (this.restored) return;
    const broken = await this.context.store.collections.entries('broken');
    this.broken.restore([...broken].map(([id, { modifiedAtMs }]) => [id, modifiedAtMs]));
    this.restored = true;
  }

  private act(service: Service, why: Why): void {
    if (this.pauses.of(service.id) !== null) return;
    if (service.collecting || service.applying || service.pending !== null) return;
    if (service.known) void this.remove(service, why);
    else if (service.refusal === null) this.forget(service);
  }

  /** It does not run and nobody asks for it: nothing to keep. */
  private forget(service: Service): void {
    const { store, services, logger, metrics } = this.context;
    services.delete(service.id);
    metrics.forget(service.id);
    store.services.retire(service.id).catch((error: unknown) => {
      logger.warn('a service could not be retired', { service: service.id, error });
    });
  }

  private async remove(service: Service, why: Why): Promise<void> {
    const { context } = this;
    service.collecting = true;
    try {
      const result = await this.deletion.run(service, { confirm: () => this.unused(service) });
      if (result === 'deleted' || result === 'no-such-service') {
        context.metrics.collected.with({ why }).inc();
        const seconds = Math.round((context.clock.now() - service.idleSinceMs) / 1000);
        this.journal.happened(service, 'collected', REASONS[why](seconds), 'deleted');
      } else if (result === 'busy') {
        context.logger.info('an unused service is busy with a deployment; it is deleted later', {
          service: service.id,
        });
      }
    } catch (error) {
      context.logger.warn('an unused service could not be deleted', { service: service.id, error });
    } finally {
      service.collecting = false;
      await this.evaluate(service);
    }
  }

  private async unused(service: Service): Promise<boolean> {
    // Who waits for a slot is known before it is reported; a service that is wanted again would only be started anew.
    service.load = await demandAfterNudge(this.context.store, service.id);
    return service.outstanding === 0;
  }

  /** By order of an operator, in use or not. @returns the `result` of `DELETE /apps/:id` (spec: 3.2) */
  async delete(id: ServiceId): Promise<'deleted' | 'no-such-service-exists' | 'error'> {
    const service = await this.registry.get(id);
    if (service === null || !service.known) return 'no-such-service-exists';
    if (service.collecting) return 'error';
    service.collecting = true;
    try {
      const result = await this.deletion.run(service);
      if (result === 'no-such-service') return 'no-such-service-exists';
      if (result !== 'deleted') return 'error';
      this.journal.happened(service, 'collected', 'an operator asked for it', 'deleted');
      return 'deleted';
    } catch (error) {
      this.context.logger.warn('a service could not be deleted', { service: id, error });
      return 'error';
    } finally {
      service.collecting = false;
      await this.evaluate(service);
    }
  }
}
