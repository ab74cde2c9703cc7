import { DelayedError, type Job, type Worker } from 'bullmq';
import type { Epoch, ServiceId } from '@waiter/core';
import type { QueueName, Queues } from '@waiter/store';
import type { Logger } from '@waiter/observability';
import type { ScalerOptions } from './options';

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
  evaluate(serviceId: ServiceId, askedAtMs: number): Promise<unknown>;
  tick(): Promise<unknown>;
  apply(job: ApplyJob): Promise<unknown>;
  delete(serviceId: ServiceId): Promise<unknown>;
  collect(): Promise<unknown>;
}

/** A job of a leader that lost its lease waits this long for the next one. */
const HAND_BACK_MS = 100;
/** BullMQ waits 15 s after a lost connection by itself; Redis is mostly back at once. */
const WORKER_OPTIONS = { concurrency: 20, runRetryDelay: 250 };

/** Only the leader consumes; each term has its own workers. */
export class Jobs {
  private readonly workers: Worker[] = [];

  constructor(
    private readonly queues: Queues,
    private readonly options: Pick<ScalerOptions, 'tickMs' | 'gcIntervalMs'>,
    private readonly handlers: JobHandlers,
    private readonly logger: Logger,
  ) {}

  async start(): Promise<void> {
    const { handlers } = this;
    await this.freeDeduplication();
    this.consume('scaling', {
      evaluate: (job: Job<{ serviceId: ServiceId }>) => handlers.evaluate(job.data.serviceId, job.timestamp),
      tick: () => handlers.tick(),
    });
    this.consume('scheduler', {
      apply: (job: Job<ApplyJob>) => handlers.apply(job.data),
      delete: (job: Job<{ serviceId: ServiceId }>) => handlers.delete(job.data.serviceId),
    });
    this.consume('maintenance', { collect: () => handlers.collect() });
    await this.schedule();
  }

  /** Makes sure that the periodic jobs exist; harmless when they do. */
  async schedule(): Promise<void> {
    const { tickMs, gcIntervalMs } = this.options;
    await Promise.all([
      this.queues.queue('scaling').upsertJobScheduler('tick', { every: tickMs }, { name: 'tick' }),
      this.queues
        .queue('maintenance')
        .upsertJobScheduler('collect', { every: gcIntervalMs }, { name: 'collect' }),
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

  // Jobs of one queue differ in their data by name.
  private consume(name: QueueName, byName: Readonly<Record<string, (job: Job) => Promise<unknown>>>): void {
    const run = async (job: Job): Promise<unknown> => {
      if (!this.handlers.acting()) {
        await job.moveToDelayed(Date.now() + HAND_BACK_MS, job.token);
        throw new DelayedError();
      }
      return (await byName[job.name]?.(job)) ?? null;
    };
    const worker = this.queues.worker(name, run, WORKER_OPTIONS);
    worker.on('failed', (job, error) => {
      this.logger.warn('job failed', { queue: name, job: job?.name, attempt: job?.attemptsMade, error });
    });
    this.workers.push(worker);
  }

  /** Lets running jobs end, for `graceMs` at most. */
  async stop(graceMs: number): Promise<void> {
    await Promise.all(
      this.workers.map(async (worker) => {
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, graceMs)));
        await Promise.race([worker.close().catch(() => undefined), late]);
        clearTimeout(timer);
        // The connection was lent, so closing leaves it open.
        void worker.disconnect().catch(() => undefined);
      }),
    );
  }
}
