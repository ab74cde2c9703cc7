import { Queue, QueueEvents, type Job, type Worker, type WorkerOptions } from 'bullmq';
import { Redis } from 'ioredis';
import type { Json, ServiceId } from '@waiter/core';
import { Keys } from './keys';
import { QueueWorker } from './queue-worker';

/**
 * `scaling`: evaluations (nudged by routers, and by the tick); `scheduler`: what is asked of the scheduler;
 * `maintenance`: collection of unused services and the like. Every job is idempotent and can be lost.
 */
export type QueueName = 'scaling' | 'scheduler' | 'maintenance';

/** One queue or worker may take this long to close. */
const CLOSE_MS = 3_000;

export interface QueueOptions {
  readonly url: string;
  readonly cluster: string;
  readonly onError?: (error: Error) => void;
}

/** Wiring of BullMQ: one prefix, connections that never give up, jobs that leave nothing behind. */
export class Queues {
  private readonly closers: (() => Promise<unknown>)[] = [];
  private readonly queues = new Map<QueueName, Queue>();
  private readonly prefix: string;

  constructor(private readonly options: QueueOptions) {
    this.prefix = new Keys(options.cluster).queuePrefix();
  }

  private connect(): Redis {
    const redis = new Redis(this.options.url, {
      maxRetriesPerRequest: null,
      retryStrategy: (attempt) => Math.min(25 * attempt, 250),
    });
    redis.on('error', (error) => this.options.onError?.(error));
    this.closers.push(async () => redis.disconnect());
    return redis;
  }

  queue(name: QueueName): Queue {
    const known = this.queues.get(name);
    if (known !== undefined) return known;
    const queue = new Queue(name, {
      connection: this.connect(),
      prefix: this.prefix,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: 100 },
    });
    queue.on('error', (error) => this.options.onError?.(error));
    this.closers.unshift(() => queue.close());
    this.queues.set(name, queue);
    return queue;
  }

  worker<T>(
    name: QueueName,
    run: (job: Job<T>) => Promise<unknown>,
    options: Pick<WorkerOptions, 'concurrency' | 'lockDuration' | 'autorun' | 'runRetryDelay'> = {},
  ): Worker<T> {
    const worker = new QueueWorker<T>(name, run, {
      connection: this.connect(),
      prefix: this.prefix,
      // A leader that died leaves its active job; the next one takes it over soon.
      stalledInterval: 2_000,
      lockDuration: 5_000,
      // BullMQ waits 15 s after a lost connection; nothing would be scaled meanwhile.
      runRetryDelay: 250,
      ...options,
    });
    worker.on('error', (error) => this.options.onError?.(error));
    this.closers.unshift(() => worker.close());
    return worker;
  }

  events(name: QueueName): QueueEvents {
    const events = new QueueEvents(name, { connection: this.connect(), prefix: this.prefix });
    events.on('error', (error) => this.options.onError?.(error));
    this.closers.unshift(() => events.close());
    return events;
  }

  /** Jobs by state: those that wait, run, wait for a later time, and the latest failures. */
  async depths(name: QueueName): Promise<Readonly<Record<string, number>>> {
    return this.queue(name).getJobCounts('waiting', 'active', 'delayed', 'failed');
  }

  /** Asks the leader to look at a service now: it has waiters and no instance, or its queue grows. */
  async nudge(serviceId: ServiceId): Promise<void> {
    await this.queue('scaling').add(
      'evaluate',
      { serviceId },
      { deduplication: { id: serviceId, keepLastIfActive: true } },
    );
  }

  /** Asks the leader to delete a service. @returns what came of it, or null after `timeoutMs` */
  async requestDelete(serviceId: ServiceId, timeoutMs = 10_000): Promise<string | null> {
    const result = await this.request('delete', { serviceId }, timeoutMs);
    return result === null ? null : String(result);
  }

  /** Has the leader do an operator's job of queue `scheduler`. @returns its result, or null after `timeoutMs` */
  async request(name: string, data: object, timeoutMs: number): Promise<Json> {
    const events = this.jobEvents();
    await events.waitUntilReady();
    const job = await this.queue('scheduler').add(name, data, { removeOnComplete: { age: 60 } });
    return job.waitUntilFinished(events, timeoutMs).then(
      (result: unknown) => (result ?? null) as Json,
      () => null,
    );
  }

  private jobEvents = (() => {
    let events: QueueEvents | undefined;
    return (): QueueEvents => (events ??= this.events('scheduler'));
  })();

  /** Waits for running jobs, but not for a Redis that is away: BullMQ would wait for it forever. */
  async close(): Promise<void> {
    for (const close of this.closers) {
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise((resolve) => {
        timer = setTimeout(resolve, CLOSE_MS);
      });
      await Promise.race([close().catch(() => undefined), enough]);
      clearTimeout(timer);
    }
  }
}
