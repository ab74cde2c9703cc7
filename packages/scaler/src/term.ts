import type { Clock, Epoch, ServiceId } from '@waiter/core';
import type { Logger, Statsd } from '@waiter/observability';
import type { Scheduler, SchedulerEvent } from '@waiter/scheduler';
import type { Leadership, Store } from '@waiter/store';
import type { Context } from './context';
import type { Jobs } from './jobs';
import type { ScalerMetrics } from './metrics';
import type { ScalerOptions } from './options';
import { reportGroups } from './operate/statsd-instances';
import { assemble, type Parts } from './parts';
import { Periodic } from './periodic';
import type { Service } from './service/service';

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

  private readonly parts: Parts;
  private readonly periodic: Periodic;
  private readonly jobs: Jobs;

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
    this.periodic = new Periodic((error) => this.complain('periodic work failed', error));
    this.parts = assemble(this, (service) => this.carryOut(service));
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
    if (!this.ended) this.parts.sync.onEvent(event);
  }

  /** Learns what is there, catches up with what was asked meanwhile, then takes jobs. */
  async start(): Promise<void> {
    await this.firstList();
    if (this.ended) return;
    const { drains, rounds, liveness, handlers } = this.parts;
    drains.watch();
    await this.untilActing();
    await rounds.tick();
    if (this.ended) return;
    await this.jobs.attach(handlers);
    if (this.ended) return;
    const { tickMs, reconcileMs, reapMs, statsdIntervalMs } = this.options;
    this.periodic.every(tickMs, () => this.pulse());
    this.periodic.every(HURRY_MS, () => rounds.hurry());
    this.periodic.every(reconcileMs, () => this.reconcile());
    this.periodic.every(reapMs, () => this.reap());
    this.periodic.every(MAINTAIN_MS, () => this.maintain());
    this.periodic.every(LIVENESS_MS, async () => liveness.run());
    if (this.statsd.enabled) this.periodic.every(statsdIntervalMs, async () => reportGroups(this));
  }

  end(): void {
    this.ended = true;
    this.scheduler.rest?.();
    this.jobs.detach(this.parts.handlers);
    this.periodic.stop();
    this.parts.sync.stop();
    this.parts.prober.stop();
    this.parts.drains.stop();
    this.services.clear();
  }

  private async firstList(): Promise<void> {
    while (!this.ended) {
      try {
        return await this.parts.sync.full();
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
    const { rounds } = this.parts;
    const silentMs = this.clock.monotonic() - rounds.lastTickMs;
    if (!this.acting() || silentMs < this.options.tickMs * MISSED_TICKS) return;
    this.logger.warn('the tick did not come: evaluating without it', { silentMs: Math.round(silentMs) });
    await rounds.tick();
    await rounds.applyPending();
    await this.jobs.schedule();
  }

  private async reconcile(): Promise<void> {
    if (!this.acting()) return;
    const { reconciliation, drains, report, safety } = this.parts;
    const lost = await reconciliation.run();
    drains.watch();
    await report.write();
    if (!lost) return;
    this.logger.warn('Redis lost what was published; it has been written again');
    safety.unsettle();
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
      await this.parts.rounds.applyNow(service);
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
