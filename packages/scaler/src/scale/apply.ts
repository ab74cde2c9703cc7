import { SchedulerError } from '@waiter/scheduler';
import { assertActing, type Context } from '../context';
import { serviceSpec } from '../service/record';
import type { PendingDecision } from '../service/scale-state';
import type { Service } from '../service/service';
import type { Publisher } from '../sync/publisher';
import type { Registry } from '../sync/registry';
import type { Sync } from '../sync/sync';
import type { Drains } from './drains';
import type { Journal } from './journal';
import type { Pauses } from './pauses';

type Acting = PendingDecision['decision'];

/** Does what was decided. A service has one scheduler call at a time; the newest decision wins. */
export class Applier {
  constructor(
    private readonly context: Context,
    private readonly registry: Registry,
    private readonly sync: Sync,
    private readonly publisher: Publisher,
    private readonly drains: Drains,
    private readonly journal: Journal,
    private readonly pauses: Pauses,
  ) {}

  /**
   * @returns what came of it, for the job's record
   * @throws SchedulerError when a later attempt can help; the decision stays pending unless a newer one takes its place
   */
  async apply(service: Service): Promise<string> {
    const { pending } = service;
    if (pending === null) return 'superseded';
    if (service.applying) return 'busy';
    service.pending = null;
    service.applying = true;
    try {
      assertActing(this.context, `${pending.decision.kind} ${service.id}`);
      const paused = this.pauses.of(service.id) !== null && pending.decision.kind !== 'reopen';
      const outcome = paused
        ? 'not done: scaling was paused meanwhile'
        : await this.act(service, pending.decision);
      this.context.metrics.reactionSeconds.observe((this.context.clock.now() - pending.askedAtMs) / 1000);
      this.journal.acted(service, pending, outcome, true);
      return outcome;
    } catch (error) {
      if (!(error instanceof SchedulerError)) throw error;
      this.context.metrics.schedulerFailures.with({ operation: pending.decision.kind }).inc();
      const outcome = `failed: ${error.message}`;
      this.journal.acted(service, pending, outcome, false);
      // Somebody else deleted it: the next evaluation must know.
      if (error.status === 404) service.known = false;
      if (!error.transient) return outcome;
      service.pending ??= pending;
      throw error;
    } finally {
      service.asking = null;
      service.applying = false;
      service.touchedAtMs = this.context.clock.monotonic();
    }
  }

  private async act(service: Service, decision: Acting): Promise<string> {
    switch (decision.kind) {
      case 'create':
        return this.create(service, decision.instances);
      case 'scale-up':
        await this.scale(service, decision.instances, false);
        return `scaled up to ${decision.instances}`;
      case 'force-scale':
        await this.scale(service, decision.instances, true);
        return `scaled to ${decision.instances} by force`;
      case 'reopen':
        return this.reopen(service, decision.instanceIds, decision.remaining);
      case 'kill':
        return this.stop(service, decision.candidates, decision.count);
    }
  }

  private async create(service: Service, instances: number): Promise<string> {
    const { scheduler, options, clock, logger } = this.context;
    const spec = serviceSpec(service.described, instances, options);
    // So that its first instances are timed.
    service.launches.update({ requested: 0, instances: [] }, clock.monotonic());
    service.launches.update({ requested: instances, instances: [] }, clock.monotonic());
    service.asking = instances;
    // A new life: failures of the one before do not count against it.
    service.departed.forgetFailures();
    // A service that was collected a moment ago is off the list of those that run.
    const listed = this.registry.ensure(service.described).catch((error: unknown) => {
      logger.warn('a service could not be listed', { service: service.id, error });
    });
    try {
      const created = await scheduler.create(spec);
      service.refusal = null;
      service.known = true;
      service.requested = instances;
      await listed;
      if (!created) {
        service.applying = false;
        await this.sync.one(service);
        return 'exists already';
      }
      this.publisher.publishLater(service);
      return `created with ${instances}`;
    } catch (error) {
      if (error instanceof SchedulerError && isRefusal(error)) {
        service.refusal = {
          key: 'scheduler-refused',
          message: `The scheduler refused the service: ${error.message}`,
        };
        service.refusedUntilMs = clock.monotonic() + options.refusalMs;
        this.publisher.publishSoon(service);
      }
      throw error;
    }
  }

  private async scale(service: Service, instances: number, force: boolean): Promise<void> {
    service.asking = instances;
    await this.context.scheduler.scale(service.id, instances, force ? { force } : {});
    service.requested = instances;
    this.publisher.publishLater(service);
  }

  private async reopen(service: Service, ids: readonly string[], remaining: number): Promise<string> {
    const kept = ids.filter((id) => service.instances.get(id)?.reopen() === true);
    if (kept.length > 0) await this.publisher.publish(service);
    if (remaining > 0 || kept.length < ids.length) service.evaluateAgain = true;
    return kept.length === 0 ? 'too late to keep any' : `kept ${kept.join(', ')}`;
  }

  private async stop(service: Service, candidates: readonly string[], count: number): Promise<string> {
    // Neither leases nor load reports can be relied on then; the next evaluation asks again.
    if (!(await this.publisher.leasesComplete(service)))
      return 'not before workers have stated what they hold';
    const left = candidates
      .flatMap((id) => service.instances.get(id) ?? [])
      .filter(({ fate }) => fate === 'open')
      .slice(0, count);
    if (left.length === 0) return 'none of the candidates is left';
    await this.drains.begin(service, left);
    const nowMs = this.context.clock.now();
    if (service.state !== null) service.state = { ...service.state, lastKillAtMs: nowMs };
    return `draining ${left.map(({ id }) => id).join(', ')}`;
  }
}

/** The scheduler understood and does not want it; a conflict is only a matter of time. */
function isRefusal({ status, transient }: SchedulerError): boolean {
  return !transient && status !== null && status >= 400 && status < 500 && status !== 409;
}
