import type { Clock, Epoch, ServiceId } from '@waiter/core';
import type { Logger, Statsd } from '@waiter/observability';
import type { Scheduler, SchedulerEvent } from '@waiter/scheduler';
import type { Leadership, Store } from '@waiter/store';
import { Collector } from './collect/collector';
import { Deletion } from './collect/deletion';
import { Safety } from './collect/safety';
import type { Context } from './context';
import { LivenessChecks } from './health/liveness';
import { Prober } from './health/prober';
import type { JobHandlers, Jobs } from './jobs';
import type { ScalerMetrics } from './metrics';
import type { ScalerOptions } from './options';
import { LeaderReport } from './operate/leader-report';
import { DescriptionRefresh } from './operate/refresh';
import { reportGroups } from './operate/statsd-instances';
import { InstanceSignals } from './operate/signals';
import { Adviser } from './policy/adviser';
import { Applier } from './scale/apply';
import { Drains } from './scale/drains';
import { Evaluator } from './scale/evaluate';
import { Journal } from './scale/journal';
import { Pauses } from './scale/pauses';
import { Rounds } from './scale/rounds';
import type { Service } from './service/service';
import { StaleServices } from './stale/stale-services';
import { StartNewServices } from './stale/start-new';
import { Launches } from './sync/launches';
import { Publisher } from './sync/publisher';
import { Registry } from './sync/registry';
import { Sync } from './sync/sync';

export interface TermDeps {
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly options: ScalerOptions;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics: ScalerMetrics;
  readonly statsd: Statsd;
  readonly jobs: Jobs;
}

const FIRST_LIST_RETRY_MS = 500;
/** So often the scheduler is asked to look after itself. */
const MAINTAIN_MS = 15_000;
/** How often it is looked for liveness checks that are due; they come every five seconds at most. */
const LIVENESS_MS = 500;
/** A tick that is late by this many periods is made up for here. */
const MISSED_TICKS = 2.5;
/** How often services are evaluated whose policy wants it more often than each tick: as often as load is reported. */
const HURRY_MS = 250;

/** One term of leadership: everything that is known and done lives and ends with it. */
export class Term implements Context {
  readonly store: Store;
  readonly scheduler: Scheduler;
  readonly options: ScalerOptions;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly metrics: ScalerMetrics;
  readonly statsd: Statsd;
  readonly services = new Map<ServiceId, Service>();
  readonly electedAtMs: number;
  ended = false;

  private readonly journal = new Journal(this);
  private readonly launches = new Launches(this, this.journal);
  private readonly publisher = new Publisher(this, this.launches);
  private readonly prober = new Prober(this, this.publisher);
  private readonly registry = new Registry(this);
  private readonly sync = new Sync(this, this.registry, this.publisher, this.prober);
  private readonly pauses = new Pauses(this);
  private readonly drains = new Drains(this, this.publisher, this.journal, this.pauses);
  private readonly rounds: Rounds;
  private readonly safety: Safety;
  private readonly collector: Collector;
  private readonly report: LeaderReport;
  private readonly liveness: LivenessChecks;
  private readonly jobs: Jobs;
  private readonly handlers: JobHandlers;
  private readonly timers: NodeJS.Timeout[] = [];

  constructor(
    deps: TermDeps,
    readonly epoch: Epoch,
    private readonly leadership: Leadership,
  ) {
    ({
      store: this.store,
      scheduler: this.scheduler,
      options: this.options,
      clock: this.clock,
      metrics: this.metrics,
      statsd: this.statsd,
      jobs: this.jobs,
    } = deps);
    this.logger = deps.logger.child({ epoch });
    this.electedAtMs = this.clock.now();
    this.safety = new Safety(this);
    const adviser = new Adviser(this);
    this.rounds = new Rounds(
      this,
      this.registry,
      new Evaluator(
        this,
        this.prober,
        this.journal,
        this.pauses,
        (service) => this.carryOut(service),
        adviser,
      ),
      new Applier(this, this.registry, this.sync, this.publisher, this.drains, this.journal, this.pauses),
      this.pauses,
      adviser,
    );
    const stale = new StaleServices(this);
    this.collector = new Collector(
      this,
      this.registry,
      new Deletion(this, this.publisher),
      this.safety,
      this.journal,
      this.pauses,
      stale,
      (service) => this.rounds.again(service),
    );
    const startNew = new StartNewServices(this, stale, this.rounds);
    this.report = new LeaderReport(this, {
      rounds: () => this.rounds.state,
      startNew: () => startNew.state(),
    });
    const again = (service: Service): Promise<void> => this.rounds.again(service);
    this.liveness = new LivenessChecks(this, this.publisher, this.pauses, again);
    const signals = new InstanceSignals(this, this.registry, this.publisher, this.journal, again);
    const refresh = new DescriptionRefresh(this, this.publisher, again);
    this.handlers = {
      acting: () => this.acting(),
      ended: () => this.ended,
      evaluate: (id, askedAtMs) => this.rounds.evaluate(id, askedAtMs),
      tick: () => this.rounds.tick(),
      apply: (job) => this.rounds.apply(job),
      delete: (id) => this.collector.delete(id),
      signal: (job) => signals.run(job),
      pauses: () => this.rounds.pausesChanged(),
      refresh: (id) => refresh.run(id),
      collect: () => this.collector.collect(),
      startNew: () => startNew.run(),
    };
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
    await this.untilActing();
    await this.rounds.tick();
    if (this.ended) return;
    await this.jobs.attach(this.handlers);
    if (this.ended) return;
    this.every(this.options.tickMs, () => this.pulse());
    this.every(HURRY_MS, () => this.rounds.hurry());
    this.every(this.options.reconcileMs, () => this.reconcile());
    this.every(this.options.reapMs, () => this.reap());
    this.every(MAINTAIN_MS, async () => this.maintain());
    this.every(LIVENESS_MS, async () => this.liveness.run());
    if (this.statsd.enabled) this.every(this.options.statsdIntervalMs, async () => reportGroups(this));
  }

  end(): void {
    this.ended = true;
    this.scheduler.rest?.();
    this.jobs.detach(this.handlers);
    for (const timer of this.timers) clearInterval(timer);
    this.prober.stop();
    this.drains.stop();
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

  /** An election whose answer came late (Redis was away) must be renewed before anything may be done. */
  private async untilActing(): Promise<void> {
    while (!this.ended && !this.acting()) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** The tick comes by BullMQ; if it does not, whatever the cause, scaling goes on. */
  private async pulse(): Promise<void> {
    const silentMs = this.clock.monotonic() - this.rounds.lastTickMs;
    if (!this.acting() || silentMs < this.options.tickMs * MISSED_TICKS) return;
    this.logger.warn('the tick did not come: evaluating without it', { silentMs: Math.round(silentMs) });
    await this.rounds.tick();
    await this.rounds.applyPending();
    await this.jobs.schedule();
  }

  private async reconcile(): Promise<void> {
    if (!this.acting()) return;
    await this.sync.full();
    const outcomes = await Promise.all(
      [...this.services.values()].map((service) => this.publisher.reconcile(service)),
    );
    this.drains.watch();
    await this.report.write();
    if (!outcomes.includes('lost')) return;
    this.logger.warn('Redis lost what was published; it has been written again');
    this.safety.unsettle();
    await this.jobs.schedule();
  }

  /** What a dead worker held would keep drains waiting, and requests. Routers do the same; the more the safer. */
  private async reap(): Promise<void> {
    const dead = await this.store.members.reap();
    if (dead.length > 0) this.logger.warn('freed the slots of workers that fell silent', { workers: dead });
  }

  /**
   * Has a decision carried out by its job, of which there is one at a time and which is tried again. To start a service
   * for which requests wait cannot wait for a job: that one is only for another attempt.
   */
  private async carryOut(service: Service): Promise<void> {
    const kind = service.pending?.decision.kind ?? 'none';
    if (kind === 'create') {
      await this.rounds.applyNow(service);
      if (service.pending === null) return;
    }
    await this.jobs.enqueueApply({ serviceId: service.id, epoch: this.epoch, kind });
  }

  /** What the scheduler wants done beside scaling (spec: scaling-and-schedulers 4A.8). */
  private async maintain(): Promise<void> {
    if (this.acting()) await this.scheduler.maintain?.();
  }

  private complain(message: string, error: unknown): void {
    if (!this.ended) this.logger.warn(message, { error });
  }
}
