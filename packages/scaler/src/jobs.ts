import { DelayedError, type Job, type Worker } from 'bullmq';
import type { Epoch, ServiceId } from '@waiter/core';
import type { QueueName, Queues } from '@waiter/store';
import type { Logger } from '@waiter/observability';
import type { ScalerOptions } from './options';
import type { SignalJob } from './operate/signals';
import { within } from './within';

export interface ApplyJob {
  readonly serviceId: ServiceId;
  /** Of the leader that decided; no other carries it out. */
  readonly epoch: Epoch;
  readonly kind: string;
}

/** What the leader does with each kind of job. */
export interface JobHandlers {
  /** False while this process must not act: the job goes back. */
  acting(): boolean;
  /** Whether the term is over. */
  ended(): boolean;
  evaluate(serviceId: ServiceId, askedAtMs: number): Promise<unknown>;
  tick(): Promise<unknown>;
  apply(job: ApplyJob): Promise<unknown>;
  delete(serviceId: ServiceId): Promise<unknown>;
  /** By order of an operator: kills or expires one instance. */
  signal(job: SignalJob): Promise<unknown>;
  /** An operator paused or resumed scaling. */
  pauses(): Promise<unknown>;
  /** An operator overrode parameters of the service. */
  refresh(serviceId: ServiceId): Promise<unknown>;
  collect(): Promise<unknown>;
  startNew(): Promise<unknown>;
}

/** A job of a leader that lost its lease waits this long for the next one. */
const HAND_BACK_MS = 100;
/** BullMQ waits 15 s after a lost connection by itself; Redis is mostly back at once. */
const WORKER_OPTIONS = { concurrency: 20, runRetryDelay: 250 };

/**
 * The leader's consumption of the queues. The workers stay for the life of the process and rest between terms:
 * BullMQ cannot close one whose connection is being made anew, which is just when leaders lose their lease.
 */
export class Jobs {
  private readonly workers: Worker[] = [];
  private readonly running = new Set<Promise<unknown>>();
  private handlers: JobHandlers | null = null;

  constructor(
    private readonly queues: Queues,
    private readonly options: Pick<ScalerOptions, 'tickMs' | 'gcIntervalMs' | 'startNewIntervalMs'>,
    private readonly logger: Logger,
  ) {}

  /** Begins to take jobs, for a new term. */
  async attach(handlers: JobHandlers): Promise<void> {
    await this.freeDeduplication();
    // The term may have ended meanwhile.
    if (handlers.ended()) return;
    this.handlers = handlers;
    if (this.workers.length === 0) this.consumeAll();
    else await Promise.all(this.workers.map((worker) => worker.resume()));
    await this.schedule();
  }

  /** Takes no more jobs for this term. */
  detach(handlers: JobHandlers): void {
    if (this.handlers !== handlers) return;
    this.handlers = null;
    for (const worker of this.workers) worker.pause(true).catch(() => undefined);
  }

  /** Resolves when the jobs at hand are done, or after `graceMs`. */
  async drained(graceMs: number): Promise<void> {
    await within(graceMs, Promise.allSettled(this.running));
  }

  async close(graceMs: number): Promise<void> {
    await within(graceMs, Promise.allSettled(this.workers.map((worker) => worker.close())));
  }

  /** Makes sure that the periodic jobs exist; harmless when they do. */
  async schedule(): Promise<void> {
    const { tickMs, gcIntervalMs, startNewIntervalMs } = this.options;
    await Promise.all([
      this.queues.queue('scaling').upsertJobScheduler('tick', { every: tickMs }, { name: 'tick' }),
      this.queues
        .queue('maintenance')
        .upsertJobScheduler('collect', { every: gcIntervalMs }, { name: 'collect' }),
      this.queues
        .queue('maintenance')
        .upsertJobScheduler('start-new', { every: startNewIntervalMs }, { name: 'start-new' }),
    ]);
  }

  /** One per service and term: a leftover of a former leader does not hold it up. */
  async enqueueApply(job: ApplyJob): Promise<void> {
    await this.queues.queue('scheduler').add('apply', job, {
      deduplication: { id: `${job.serviceId}@${job.epoch}`, keepLastIfActive: true },
      attempts: 5,
      backoff: { type: 'exponential', delay: 200 },
    });
  }

  /**
   * The evaluations that a killed leader had begun keep their services' nudges waiting until BullMQ finds them stalled
   * (7 to 9 s). Their leader is deposed, so they can be passed by; they run again later, which does no harm.
   */
  private async freeDeduplication(): Promise<void> {
    const queue = this.queues.queue('scaling');
    for (const job of await queue.getActive()) {
      const id: unknown = (job?.data as { serviceId?: unknown } | undefined)?.serviceId;
      if (typeof id === 'string') await queue.removeDeduplicationKey(id);
    }
  }

  private consumeAll(): void {
    this.consume('scaling', {
      evaluate: (handlers, job: Job<{ serviceId: ServiceId }>) =>
        handlers.evaluate(job.data.serviceId, job.timestamp),
      tick: (handlers) => handlers.tick(),
    });
    this.consume('scheduler', {
      apply: (handlers, job: Job<ApplyJob>) => handlers.apply(job.data),
      delete: (handlers, job: Job<{ serviceId: ServiceId }>) => handlers.delete(job.data.serviceId),
      signal: (handlers, job: Job<SignalJob>) => handlers.signal(job.data),
      pauses: (handlers) => handlers.pauses(),
      refresh: (handlers, job: Job<{ serviceId: ServiceId }>) => handlers.refresh(job.data.serviceId),
    });
    this.consume('maintenance', {
      collect: (handlers) => handlers.collect(),
      'start-new': (handlers) => handlers.startNew(),
    });
  }

  private consume(
    name: QueueName,
    byName: Readonly<Record<string, (handlers: JobHandlers, job: Job) => Promise<unknown>>>,
  ): void {
    const run = async (job: Job): Promise<unknown> => {
      const { handlers } = this;
      if (handlers === null || !handlers.acting()) {
        await job.moveToDelayed(Date.now() + HAND_BACK_MS, job.token);
        throw new DelayedError();
      }
      const work = byName[job.name]?.(handlers, job) ?? Promise.resolve();
      this.running.add(work);
      try {
        return (await work) ?? null;
      } finally {
        this.running.delete(work);
      }
    };
    const worker = this.queues.worker(name, run, WORKER_OPTIONS);
    worker.on('failed', (job, error) => {
      this.logger.warn('job failed', { queue: name, job: job?.name, attempt: job?.attemptsMade, error });
    });
    this.workers.push(worker);
  }
}
