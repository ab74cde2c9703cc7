import type { ServiceId } from '@waiter/core';
import { NO_LOAD, StaleEpochError, type ServiceLoad } from '@waiter/store';
import { NotLeadingError, type Context } from '../context';
import type { ApplyJob } from '../jobs';
import type { Service } from '../service/service';
import type { Adviser } from '../policy/adviser';
import type { Registry } from '../sync/registry';
import type { Applier } from './apply';
import type { Decider } from './decider';
import { demandAfterNudge } from './demand';
import type { Evaluator } from './evaluate';
import type { Pauses } from './pauses';

/** So long it is tried to start a service that nobody waits for, before it must be asked for again. */
const WANTED_MS = 10_000;

/** When what is evaluated, and what was decided is applied: by nudge, by tick, and after something was done. */
export class Rounds {
  /** Monotonic. */
  lastTickMs = 0;
  private ticks = 0;
  private beganAtMs: number | null = null;
  private ticking = false;

  constructor(
    private readonly context: Context,
    private readonly registry: Registry,
    private readonly evaluator: Evaluator,
    private readonly decider: Decider,
    private readonly applier: Applier,
    private readonly pauses: Pauses,
    private readonly adviser: Adviser,
  ) {}

  /** Evaluates every service that runs or is asked for. One round at a time. */
  async tick(): Promise<void> {
    const { context } = this;
    if (this.ticking || !context.acting()) return;
    this.ticking = true;
    this.lastTickMs = context.clock.monotonic();
    this.beganAtMs = context.clock.now();
    this.ticks++;
    try {
      const [demand] = await Promise.all([context.store.load.demand(), this.pauses.refresh()]);
      const askedAtMs = context.clock.now();
      const ids = new Set([...context.services.keys(), ...demand.keys()]);
      await Promise.all([...ids].map((id) => this.visit(id, demand.get(id) ?? NO_LOAD, askedAtMs)));
    } finally {
      context.metrics.tickSeconds.observe((context.clock.monotonic() - this.lastTickMs) / 1000);
      this.ticking = false;
    }
  }

  private async visit(id: ServiceId, load: ServiceLoad, askedAtMs: number): Promise<void> {
    const known = this.context.services.get(id);
    if (known !== undefined && this.evaluator.spare(known, load)) return;
    try {
      const service = await this.enter(id);
      if (service !== null) await this.evaluator.evaluate(service, load, askedAtMs);
    } catch (error) {
      // One service must not stop the scaling of the others.
      this.complain(id, error);
    }
  }

  /** Evaluates the services that run and whose policy wants to be asked more often than each tick. */
  async hurry(): Promise<void> {
    const { context } = this;
    if (this.ticking || !context.acting()) return;
    const hurried = [...context.services.values()].filter(
      (service) => service.known && this.adviser.hurried(service),
    );
    if (hurried.length === 0) return;
    const askedAtMs = context.clock.now();
    await Promise.all(
      hurried.map(async (service) => {
        try {
          const load = await context.store.load.demandOf(service.id);
          await this.evaluator.evaluate(service, load, askedAtMs);
        } catch (error) {
          this.complain(service.id, error);
        }
      }),
    );
  }

  /** How often every service was evaluated in this term, and when that last began. */
  get state(): { readonly count: number; readonly beganAtMs: number | null } {
    return { count: this.ticks, beganAtMs: this.beganAtMs };
  }

  /** Somebody asked. @param askedAtMs when, wall clock */
  async evaluate(id: ServiceId, askedAtMs: number): Promise<void> {
    const { store, clock } = this.context;
    const [service, load, wanted] = await Promise.all([
      this.enter(id),
      demandAfterNudge(store, id),
      store.references.isWanted(id),
    ]);
    if (service === null || this.context.ended) return;
    if (wanted) service.wantedUntilMs = clock.monotonic() + WANTED_MS;
    if (service.instances.size > 0) await this.decider.heedFailures(service);
    await this.evaluator.evaluate(service, load, askedAtMs);
  }

  /** An operator paused or resumed scaling. @returns once it is in force */
  async pausesChanged(): Promise<true> {
    await this.pauses.refresh();
    void this.tick().catch((error: unknown) => this.complain('after a pause', error));
    return true;
  }

  /** Something was done, and the question may be another one now. Never rejects. */
  async again(service: Service): Promise<void> {
    service.evaluateAgain = false;
    if (this.context.ended) return;
    try {
      await this.evaluate(service.id, this.context.clock.now());
    } catch (error) {
      this.complain(service.id, error);
    }
  }

  /** @returns what came of it, for the job's record. @throws SchedulerError when a later attempt can help */
  async apply(job: ApplyJob): Promise<string> {
    if (job.epoch !== this.context.epoch) return 'decided by another leader';
    const service = this.context.services.get(job.serviceId);
    return service === undefined ? 'the service is gone' : this.act(service);
  }

  /** Does what was decided for one service at once; what failed and can be tried again stays pending. Never rejects. */
  async applyNow(service: Service): Promise<void> {
    await this.act(service).catch(() => undefined);
  }

  /** Does what was decided without waiting for its job: for when jobs do not come. Never rejects. */
  async applyPending(): Promise<void> {
    const pending = [...this.context.services.values()].filter((service) => service.pending !== null);
    // What failed stays pending, and is in the log.
    await Promise.allSettled(pending.map((service) => this.act(service)));
  }

  private async act(service: Service): Promise<string> {
    try {
      return await this.applier.apply(service);
    } catch (error) {
      if (error instanceof NotLeadingError || error instanceof StaleEpochError) return error.message;
      throw error;
    } finally {
      if (service.evaluateAgain) void this.again(service);
    }
  }

  private async enter(id: ServiceId): Promise<Service | null> {
    const service = await this.registry.get(id);
    // What a former leader published counts even if the scheduler has no such service any more.
    if (service !== null) this.registry.restore(service);
    return service;
  }

  private complain(id: ServiceId, error: unknown): void {
    if (this.context.ended) return;
    this.context.logger.warn('a service could not be evaluated', { service: id, error });
  }
}
