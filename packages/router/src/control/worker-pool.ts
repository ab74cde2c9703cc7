import cluster, { type Worker } from 'node:cluster';
import type { Logger, MetricsSnapshot } from '@waiter/observability';
import type { RouterOptions } from '../options';
import type { ControlMessage, WorkerMessage } from './messages';

export interface WorkerPoolOptions {
  readonly options: RouterOptions;
  readonly count: number;
  /** Compiled file that calls `runRouterWorkerProcess`, its arguments, and those of node. */
  readonly exec: string;
  readonly args?: readonly string[];
  readonly execArgv?: readonly string[];
  readonly logger: Logger;
  readonly onNudge: (service: string) => void;
}

/** A worker that dies is replaced after this, doubled each time, until one lives for a while. */
const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5_000;
const HEALTHY_AFTER_MS = 10_000;
const METRICS_TIMEOUT_MS = 1_000;
/** Beyond the drain time: for giving leases back and ending the process. */
const EXIT_GRACE_MS = 2_000;

/** The workers of a router node: forked, watched, replaced, drained. One pool per process, because node:cluster is. */
export class WorkerPool {
  private readonly workers = new Map<number, Worker>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly metricsWaiters = new Map<number, (snapshot: MetricsSnapshot) => void>();
  private lastNumber = 0;
  private lastMetricsId = 0;
  private backoffMs = FIRST_BACKOFF_MS;
  private closing = false;

  constructor(private readonly pool: WorkerPoolOptions) {
    const { exec, args = [], execArgv } = pool;
    cluster.setupPrimary({
      exec,
      args: [...args],
      ...(execArgv === undefined ? {} : { execArgv: [...execArgv] }),
    });
  }

  /** @returns the port when every worker listens; @throws Error when one cannot start */
  async start(): Promise<number> {
    const ports = await Promise.all(Array.from({ length: this.pool.count }, () => this.fork()));
    return ports[0] ?? 0;
  }

  /** Every worker has a new number: ids of dead ones may still hold leases. */
  private fork(): Promise<number> {
    const number = (this.lastNumber += 1);
    const { options, logger, onNudge } = this.pool;
    const workerId = `${options.routerId}/${number}`;
    const startedAt = performance.now();
    const worker = cluster.fork();
    this.workers.set(number, worker);
    return new Promise((resolve, reject) => {
      worker.on('message', (message: WorkerMessage) => {
        switch (message.type) {
          case 'hello':
            return send(worker, { type: 'start', workerId, options });
          case 'ready':
            logger.info('worker ready', { worker: workerId, port: message.port, tlsPort: message.tlsPort });
            return resolve(message.port);
          case 'failed':
            logger.error('worker cannot start', { worker: workerId, error: message.message });
            return reject(new Error(message.message));
          case 'nudge':
            return onNudge(message.service);
          case 'metrics':
            return this.metricsWaiters.get(message.id)?.(message.snapshot);
        }
      });
      worker.once('error', reject);
      worker.once('exit', (code, signal) => {
        this.workers.delete(number);
        reject(new Error(`worker ${workerId} ended (code ${code}, signal ${signal})`));
        if (!this.closing) this.replace(workerId, performance.now() - startedAt, { code, signal });
      });
    });
  }

  private replace(workerId: string, livedMs: number, how: { code: number; signal: string }): void {
    if (livedMs >= HEALTHY_AFTER_MS) this.backoffMs = FIRST_BACKOFF_MS;
    const delayMs = this.backoffMs;
    this.backoffMs = Math.min(this.backoffMs * 2, MAX_BACKOFF_MS);
    this.pool.logger.error('worker died; another one starts', { worker: workerId, delayMs, ...how });
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      // Its own end is handled like this one's.
      this.fork().catch(() => undefined);
    }, delayMs);
    this.timers.add(timer);
  }

  /** Metrics of the workers that answer within a second. */
  async snapshots(): Promise<MetricsSnapshot[]> {
    const found = await Promise.all([...this.workers.values()].map((worker) => this.snapshotOf(worker)));
    return found.filter((snapshot) => snapshot !== null);
  }

  private snapshotOf(worker: Worker): Promise<MetricsSnapshot | null> {
    const id = (this.lastMetricsId += 1);
    return new Promise((resolve) => {
      const finish = (snapshot: MetricsSnapshot | null): void => {
        clearTimeout(timer);
        this.metricsWaiters.delete(id);
        resolve(snapshot);
      };
      const timer = setTimeout(() => finish(null), METRICS_TIMEOUT_MS);
      this.metricsWaiters.set(id, finish);
      send(worker, { type: 'metrics', id });
    });
  }

  /** Tells every worker to end in order; kills those that do not. */
  async drain(): Promise<void> {
    this.closing = true;
    for (const timer of this.timers) clearTimeout(timer);
    const { drainTimeoutMs } = this.pool.options.timeouts;
    await Promise.all(
      [...this.workers.values()].map(
        (worker) =>
          new Promise<void>((resolve) => {
            const timer = setTimeout(() => worker.process.kill('SIGKILL'), drainTimeoutMs + EXIT_GRACE_MS);
            worker.once('exit', () => {
              clearTimeout(timer);
              resolve();
            });
            send(worker, { type: 'drain' });
          }),
      ),
    );
  }
}

function send(worker: Worker, message: ControlMessage): void {
  if (worker.isConnected()) worker.send(message, () => undefined);
}
