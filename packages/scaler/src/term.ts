import type { Clock, Epoch, ServiceId } from '@waiter/core';
import type { LogFields, Logger } from '@waiter/observability';
import type { Scheduler, SchedulerEvent } from '@waiter/scheduler';
import { NO_LOAD, StaleEpochError, type Leadership, type Queues, type Store } from '@waiter/store';
import { Collector } from './collect/collector';
import { Deletion } from './collect/deletion';
import { Safety } from './collect/safety';
import { NotLeadingError, type Context } from './context';
import { Prober } from './health/prober';
import { Jobs, type ApplyJob } from './jobs';
import type { ScalerMetrics } from './metrics';
import type { ScalerOptions } from './options';
import { Applier } from './scale/apply';
import { demandAfterNudge } from './scale/demand';
import { Drains } from './scale/drains';
import { Evaluator } from './scale/evaluate';
import { Journal } from './scale/journal';
import type { Service } from './service/service';
import { Publisher } from './sync/publisher';
import { Registry } from './sync/registry';
import { Sync } from './sync/sync';

export interface TermDeps {
  readonly store: Store;
  readonly queues: Queues;
  readonly scheduler: Scheduler;
  readonly options: ScalerOptions;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics: ScalerMetrics;
}

const FIRST_LIST_RETRY_MS = 500;
const STOP_GRACE_MS = 2_000;
/** A tick that is late by this many periods is made up for here. */
const MISSED_TICKS = 2.5;

/** One term of leadership: everything that is known and done lives and ends with it. */
export class Term implements Context {
  readonly store: Store;
  readonly queues: Queues;
  readonly scheduler: Scheduler;
  readonly options: ScalerOptions;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics: ScalerMetrics;
  readonly services = new Map<ServiceId, Service>();
  readonly electedAtMs: number;
  ended = false;

  private readonly publisher = new Publisher(this);
  private readonly prober = new Prober(this, this.publisher);
  private readonly registry = new Registry(this);
  private readonly sync = new Sync(this, this.registry, this.publisher, this.prober);
  private readonly journal = new Journal(this);
  private readonly drains = new Drains(this, this.publisher, this.journal);
  private readonly applier: Applier;
  private readonly evaluator: Evaluator;
  private readonly safety: Safety;
  private readonly collector: Collector;
  private readonly jobs: Jobs;
  private readonly timers: NodeJS.Timeout[] = [];
  private lastTickMs = 0;
  private ticking = false;

  constructor(
    deps: TermDeps,
    readonly epoch: Epoch,
    private readonly leadership: Leadership,
  ) {
    ({
      store: this.store,
      queues: this.queues,
      scheduler: this.scheduler,
      options: this.options,
      clock: this.clock,
      metrics: this.metrics,
    } = deps);
    this.logger = deps.logger.child({ epoch });
    this.electedAtMs = this.clock.now();
    this.safety = new Safety(this);
    this.applier = new Applier(this, this.registry, this.sync, this.publisher, this.drains, this.journal);
    this.evaluator = new Evaluator(this, this.prober, this.journal, (service) =>
      this.jobs.enqueueApply({
        serviceId: service.id,
        epoch,
        kind: service.pending?.decision.kind ?? 'none',
      }),
    );
    this.collector = new Collector(
      this,
      this.registry,
      new Deletion(this, this.publisher),
      this.safety,
      this.journal,
      (service) => this.evaluate(service),
    );
    this.jobs = new Jobs(
      this.queues,
      this.options,
      {
        acting: () => this.acting(),
        evaluate: (id, askedAtMs) => this.evaluateById(id, askedAtMs),
        tick: () => this.tick(),
        apply: (job) => this.apply(job),
        delete: (id) => this.collector.delete(id),
        collect: () => this.collector.collect(),
      },
      this.logger,
    );
  }

  acting(): boolean {
    return !this.ended && this.leadership.acting() === this.epoch;
  }

  stepDown(): void {
    if (this.ended) return;
    this.logger.warn('another scaler leads: stepping down');
    this.leadership.step();
  }

  onEvent(event: SchedulerEvent): void {
    if (!this.ended) this.sync.onEvent(event);
  }

  /** Learns what is there, catches up with what was asked meanwhile, then takes jobs. */
  async start(): Promise<void> {
    await this.firstList();
    if (this.ended) return;
    this.drains.watch();
    await this.tick();
    if (this.ended) return;
    await this.jobs.start();
    // The term may have ended while the workers were made.
    if (this.ended) return this.jobs.stop(0);
    this.every(this.options.tickMs, () => this.pulse());
    this.every(this.options.reconcileMs, () => this.reconcile());
  }

  async end(graceMs = STOP_GRACE_MS): Promise<void> {
    this.ended = true;
    for (const timer of this.timers) clearInterval(timer);
    this.prober.stop();
    this.drains.stop();
    await this.jobs.stop(graceMs);
    this.services.clear();
  }

  private every(ms: number, run: () => Promise<void>): void {
    let running = false;
    const timer = setInterval(() => {
      if (running || this.ended) return;
      running = true;
      run()
        .catch((error: unknown) => this.complain('periodic work failed', error))
        .finally(() => (running = false));
    }, ms);
    this.timers.push(timer);
  }

  private async firstList(): Promise<void> {
    while (!this.ended) {
      try {
        return await this.sync.full();
      } catch (error) {
        this.complain('the scheduler cannot be listed; trying again', error);
        await new Promise((resolve) => setTimeout(resolve, FIRST_LIST_RETRY_MS));
      }
    }
  }

  /** The tick comes by BullMQ; if it does not, whatever the cause, scaling goes on. */
  private async pulse(): Promise<void> {
    const silentMs = this.clock.monotonic() - this.lastTickMs;
    if (!this.acting() || silentMs < this.options.tickMs * MISSED_TICKS) return;
    this.logger.warn('the tick did not come: evaluating without it', { silentMs: Math.round(silentMs) });
    await this.tick();
    await this.jobs.schedule();
  }

  private async reconcile(): Promise<void> {
    if (!this.acting()) return;
    await this.sync.full();
    const outcomes = await Promise.all(
      [...this.services.values()].map((service) => this.publisher.reconcile(service)),
    );
    this.drains.watch();
    if (!outcomes.includes('lost')) return;
    this.logger.warn('Redis lost what was published; it has been written again');
    this.safety.unsettle();
    await this.jobs.schedule();
  }

  private async tick(): Promise<void> {
    if (this.ticking || !this.acting()) return;
    this.ticking = true;
    this.lastTickMs = this.clock.monotonic();
    try {
      const demand = await this.store.load.demand();
      const askedAtMs = this.clock.now();
      const ids = new Set([...this.services.keys(), ...demand.keys()]);
      await Promise.all(
        [...ids].map(async (id) => {
          try {
            const service = await this.registry.get(id);
            if (service === null) return;
            this.registry.restore(service);
            await this.evaluator.evaluate(service, demand.get(id) ?? NO_LOAD, askedAtMs);
          } catch (error) {
            // One service must not stop the scaling of the others.
            this.complain('a service could not be evaluated', error, { service: id });
          }
        }),
      );
    } finally {
      this.ticking = false;
    }
  }

  private async evaluateById(id: ServiceId, askedAtMs: number): Promise<void> {
    const [service, load] = await Promise.all([this.registry.get(id), demandAfterNudge(this.store, id)]);
    if (service === null || this.ended) return;
    this.registry.restore(service);
    await this.evaluator.evaluate(service, load, askedAtMs);
  }

  private async evaluate(service: Service): Promise<void> {
    service.evaluateAgain = false;
    if (this.ended) return;
    const load = await demandAfterNudge(this.store, service.id);
    await this.evaluator.evaluate(service, load, this.clock.now());
  }

  private async apply(job: ApplyJob): Promise<string> {
    if (job.epoch !== this.epoch) return 'decided by another leader';
    const service = this.services.get(job.serviceId);
    if (service === undefined) return 'the service is gone';
    try {
      return await this.applier.apply(service);
    } catch (error) {
      if (error instanceof NotLeadingError || error instanceof StaleEpochError) return error.message;
      throw error;
    } finally {
      if (service.evaluateAgain) {
        this.evaluate(service).catch((error: unknown) => this.complain('an evaluation failed', error));
      }
    }
  }

  private complain(message: string, error: unknown, fields: LogFields = {}): void {
    if (!this.ended) this.logger.warn(message, { ...fields, error });
  }
}
