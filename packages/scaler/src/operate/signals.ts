import type { InstanceId, ServiceId } from '@waiter/core';
import { SchedulerError } from '@waiter/scheduler';
import { NotLeadingError, assertActing, type Context } from '../context';
import type { Journal } from '../scale/journal';
import type { TrackedInstance } from '../service/instance';
import type { Service } from '../service/service';
import type { Publisher } from '../sync/publisher';
import type { Registry } from '../sync/registry';

/** What an operator can tell an instance (spec: scaling-and-schedulers 1.15). */
export type InstanceSignal = 'soft-kill' | 'force-kill' | 'expire';

export interface SignalJob {
  readonly serviceId: ServiceId;
  readonly instanceId: InstanceId;
  readonly signal: InstanceSignal;
  /** A soft kill waits so long for the requests that the instance serves. */
  readonly timeoutMs: number;
  readonly user: string;
}

export interface SignalResult {
  readonly success: boolean;
  readonly message: string;
  /** HTTP status for the operator. */
  readonly status: number;
}

const POLL_MS = 50;
/** A scheduler that is busy with a deployment is asked again. */
const RETRY_MS = 250;
const REFUSALS_BEFORE_FORCE = 4;

/** Carries out what operators want of single instances. Scaling replaces them as demand and `min-instances` ask. */
export class InstanceSignals {
  constructor(
    private readonly context: Context,
    private readonly registry: Registry,
    private readonly publisher: Publisher,
    private readonly journal: Journal,
    /** Evaluates a service at once: what was taken from it may be needed. */
    private readonly evaluate: (service: Service) => Promise<void>,
  ) {}

  async run(job: SignalJob): Promise<SignalResult> {
    const service = await this.registry.get(job.serviceId);
    if (service === null || !service.known) return failed(404, 'service does not exist');
    const tracked = service.instances.get(job.instanceId);
    if (tracked?.fate === 'killed' || service.departed.killed.some(({ id }) => id === job.instanceId)) {
      return failed(400, 'instance has already been killed');
    }
    if (tracked === undefined) return failed(404, 'instance does not exist');
    try {
      assertActing(this.context, `${job.signal} ${job.instanceId}`);
      if (job.signal === 'expire') await this.expire(service, tracked, job.user);
      else {
        const refusal = await this.kill(service, tracked, job);
        if (refusal !== null) return refusal;
      }
    } catch (error) {
      if (error instanceof NotLeadingError) return failed(503, 'another scaler has taken over; please retry');
      throw error;
    }
    void this.evaluate(service);
    return { success: true, message: `${job.signal} successfully sent to ${job.instanceId}`, status: 200 };
  }

  private async expire(service: Service, tracked: TrackedInstance, user: string): Promise<void> {
    tracked.expire(this.context.clock.now());
    await this.publisher.publish(service);
    this.journal.happened(service, 'expired', `${user} asked for it`, `expired ${tracked.id}`, {
      instanceId: tracked.id,
    });
  }

  /** Closes the instance, lets its requests end unless by force, then kills it. @returns null when it is killed */
  private async kill(
    service: Service,
    tracked: TrackedInstance,
    job: SignalJob,
  ): Promise<SignalResult | null> {
    const { clock } = this.context;
    const startedAtMs = clock.monotonic();
    const deadlineMs = startedAtMs + job.timeoutMs;
    if (tracked.drain?.killing === true) return failed(409, 'instance is being killed');
    tracked.startDrain(startedAtMs, clock.now());
    // From here on scaling can neither reopen it nor kill it a second time.
    if (tracked.drain !== null) tracked.drain.killing = true;
    try {
      await this.publisher.publish(service);
      const inUse = job.signal === 'force-kill' ? 0 : await this.leasesBack(service, tracked, deadlineMs);
      const refused = await this.ask(service, tracked, job.signal === 'force-kill', deadlineMs);
      if (this.context.ended) return failed(503, 'another scaler has taken over; please retry');
      if (refused !== null && refused.status !== 404) {
        release(tracked);
        this.publisher.publishSoon(service);
        return failed(refused.status ?? 500, `the scheduler did not kill it: ${refused.message}`);
      }
      service.noteKilled(tracked, clock.monotonic(), refused !== null);
      await this.publisher.publish(service);
      const waitedMs = Math.round(clock.monotonic() - startedAtMs);
      const outcome =
        inUse > 0 ? `killed with ${inUse} leased slots after ${job.timeoutMs} ms` : `${job.signal}ed`;
      this.journal.happened(service, 'killed', `${job.user} asked to ${job.signal} ${tracked.id}`, outcome, {
        instanceId: tracked.id,
        waitedMs,
      });
      return null;
    } catch (error) {
      if (tracked.fate === 'draining') release(tracked);
      throw error;
    }
  }

  /** @returns slots that are leased still */
  private async leasesBack(service: Service, tracked: TrackedInstance, deadlineMs: number): Promise<number> {
    const { store, clock } = this.context;
    for (;;) {
      const inUse = (await store.leases.usage(service.id)).get(tracked.id) ?? 0;
      if (inUse === 0 || clock.monotonic() >= deadlineMs || this.context.ended) return inUse;
      await pause(POLL_MS);
    }
  }

  /** @returns why the scheduler does not want to; null when it does */
  private async ask(
    service: Service,
    tracked: TrackedInstance,
    force: boolean,
    deadlineMs: number,
  ): Promise<{ readonly status: number | null; readonly message: string } | null> {
    const { scheduler, clock } = this.context;
    for (let refusals = 0; ; refusals++) {
      assertActing(this.context, `kill ${tracked.id}`);
      const refused = await scheduler
        .kill(
          { id: tracked.id, serviceId: service.id },
          { force: force || refusals >= REFUSALS_BEFORE_FORCE },
        )
        .then(
          (result) => (result.killed ? null : result),
          (error: unknown) => ({
            status: error instanceof SchedulerError ? error.status : null,
            message: error instanceof Error ? error.message : String(error),
          }),
        );
      if (refused === null || refused.status === 404 || this.context.ended) return refused;
      if (refusals > REFUSALS_BEFORE_FORCE && clock.monotonic() >= deadlineMs) return refused;
      await pause(RETRY_MS);
    }
  }
}

function release(tracked: TrackedInstance): void {
  if (tracked.drain !== null) tracked.drain.killing = false;
  tracked.reopen();
}

function failed(status: number, message: string): SignalResult {
  return { success: false, message, status };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
