import { SchedulerError } from '@waiter/scheduler';
import type { Context } from '../context';
import type { TrackedInstance } from '../service/instance';
import type { Service } from '../service/service';
import type { Publisher } from '../sync/publisher';
import type { Journal } from './journal';
import type { Pauses } from './pauses';

const POLL_MS = 75;
const RETRY_MS = 500;
/** The scheduler is busy with a deployment that does not end: then it is told to drop that. */
const REFUSALS_BEFORE_FORCE = 20;

/**
 * The second half of a stop (DESIGN section 5, invariant 5): an instance that was closed to new requests is killed once
 * its leases are back or its deadline has passed. Drains live with their service, so no job is held up by a long one.
 */
export class Drains {
  private timer: NodeJS.Timeout | undefined;
  private polling = false;

  constructor(
    private readonly context: Context,
    private readonly publisher: Publisher,
    private readonly journal: Journal,
    private readonly pauses: Pauses,
  ) {}

  /** Closes the instances to new requests; resolves when no worker can get a slot of them any more. */
  async begin(service: Service, stopping: readonly TrackedInstance[]): Promise<void> {
    const { clock } = this.context;
    for (const tracked of stopping) tracked.startDrain(clock.monotonic(), clock.now());
    try {
      await this.publisher.publish(service);
    } catch (error) {
      for (const tracked of stopping) tracked.reopen();
      throw error;
    }
    this.watch();
  }

  /** Makes sure that drains under way are looked after, those of a former leader included. */
  watch(): void {
    if (this.timer !== undefined || this.context.ended) return;
    this.timer = setInterval(() => void this.poll(), POLL_MS);
    void this.poll();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private async poll(): Promise<void> {
    if (this.polling || !this.context.acting()) return;
    this.polling = true;
    try {
      // What a collection drains goes with the whole service.
      const services = [...this.context.services.values()].filter(
        ({ collecting, draining, id }) => !collecting && draining.length > 0 && this.pauses.of(id) === null,
      );
      if (services.length === 0) this.stop();
      await Promise.all(services.map((service) => this.look(service)));
    } catch (error) {
      this.context.logger.warn('drains could not be looked at', { error });
    } finally {
      this.polling = false;
    }
  }

  private async look(service: Service): Promise<void> {
    const usage = await this.context.store.leases.usage(service.id);
    const nowMs = this.context.clock.monotonic();
    const over = service.draining.filter((tracked) => {
      const { id, drain } = tracked;
      if (drain === null || drain.killing || nowMs < drain.retryAtMs) return false;
      return !usage.has(id) || nowMs - drain.startedAtMs >= this.patienceMs(service, tracked);
    });
    // Asked after the leases were: what Redis lost before it told them shows now.
    if (over.length === 0 || !(await this.publisher.leasesComplete(service))) return;
    for (const tracked of over) void this.kill(service, tracked, usage.get(tracked.id) ?? 0);
  }

  /**
   * How long requests may hold up the end of an instance. Since none is new to one that drains, all are older than the
   * drain: those of an expired instance are the lingering ones of the original (1.12).
   */
  private patienceMs({ described }: Service, tracked: TrackedInstance): number {
    const { clock, options } = this.context;
    const { drainTimeoutMs, lingeringRequestThresholdMs } = options;
    const expired = tracked.isExpired(described.compiled.instanceExpiryMs, clock.now());
    return expired ? Math.min(drainTimeoutMs, lingeringRequestThresholdMs) : drainTimeoutMs;
  }

  private async kill(service: Service, tracked: TrackedInstance, inUse: number): Promise<void> {
    const { context } = this;
    const { drain } = tracked;
    if (drain === null || service.collecting || !context.acting()) return;
    drain.killing = true;
    const force = drain.refusals >= REFUSALS_BEFORE_FORCE;
    let refused: { readonly status: number | null; readonly message: string } | null = null;
    try {
      const result = await context.scheduler.kill({ id: tracked.id, serviceId: service.id }, { force });
      if (!result.killed) refused = result;
    } catch (error) {
      refused = {
        status: error instanceof SchedulerError ? error.status : null,
        message: error instanceof Error ? error.message : String(error),
      };
    }
    if (context.ended) return;
    const nowMs = context.clock.monotonic();
    // 404: it ended by itself.
    const gone = refused?.status === 404;
    if (refused !== null && !gone) {
      drain.killing = false;
      drain.refusals++;
      drain.refusedSinceMs ??= nowMs;
      drain.retryAtMs = nowMs + RETRY_MS * Math.min(10, drain.refusals);
      context.metrics.schedulerFailures.with({ operation: 'kill' }).inc();
      this.journal.count(service, 'scale-down', 'kill-fail');
      context.logger.warn('the scheduler did not stop an instance; it will be asked again', {
        service: service.id,
        instance: tracked.id,
        why: refused.message,
      });
      return;
    }
    this.journal.count(service, 'scale-down', 'success');
    service.noteKilled(tracked, nowMs, gone);
    this.publisher.publishSoon(service);
    const waitedMs = Math.round(nowMs - drain.startedAtMs);
    const outcome =
      inUse > 0
        ? `killed with ${inUse} leased slots at its drain deadline`
        : `killed after ${waitedMs} ms of draining`;
    this.journal.happened(service, 'killed', `stop of ${tracked.id}`, outcome, {
      instanceId: tracked.id,
      waitedMs,
    });
  }
}
