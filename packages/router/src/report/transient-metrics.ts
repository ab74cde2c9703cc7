import type { ServiceId } from '@waiter/core';
import type { WorkerMetrics } from '../worker-metrics';

/** Services that run or are asked for, and those that this worker has requests of. */
export type AliveServices = () => Promise<ReadonlySet<ServiceId>>;

export interface TransientOptions {
  readonly intervalMs: number;
  /** Series of a service that is gone are kept for so long after their last use. */
  readonly timeoutMs: number;
}

/** Those of the original (spec: scaling-and-schedulers 7.4). */
export const DEFAULT_TRANSIENT: TransientOptions = { intervalMs: 60_000, timeoutMs: 300_000 };

/** Forgets the series of services that are gone, so that a worker which lives long does not show them forever. */
export class TransientMetrics {
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly metrics: Pick<WorkerMetrics, 'forgetUnused'>,
    private readonly alive: AliveServices,
    private readonly options: TransientOptions = DEFAULT_TRANSIENT,
  ) {}

  start(): void {
    this.timer = setInterval(() => void this.sweep(), this.options.intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Never rejects: while Redis is away nothing is forgotten. */
  async sweep(): Promise<void> {
    const { intervalMs, timeoutMs } = this.options;
    const alive = await this.alive().catch(() => null);
    if (alive !== null) this.metrics.forgetUnused(alive, Math.ceil(timeoutMs / intervalMs));
  }
}
