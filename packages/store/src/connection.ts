import { Redis, type RedisOptions } from 'ioredis';
import { Keys } from './keys';
import { defineScripts, runScript, type Reply } from './scripts';

export interface ConnectionOptions {
  /** `redis://[user:password@]host:port[/db]` or `rediss://...` */
  readonly url: string;
  /** Cluster name: the second part of every key. */
  readonly cluster: string;
  /** Told about connection errors; they are not thrown. */
  readonly onError?: (error: Error) => void;
}

/**
 * How a command behaves while Redis is away.
 * - `patient` (control plane): waits in the offline queue and is retried, at most `commandTimeout`.
 * - `failFast` (data plane): rejects at once, so that a request is served from what the worker holds.
 */
export type Manner = 'patient' | 'failFast';

const reconnectDelayMs = (attempt: number): number => Math.min(25 * attempt, 250);

type MannerOptions = Pick<
  RedisOptions,
  'maxRetriesPerRequest' | 'commandTimeout' | 'enableOfflineQueue' | 'autoResendUnfulfilledCommands'
>;

const MANNERS: Readonly<Record<Manner, MannerOptions>> = {
  patient: { maxRetriesPerRequest: null, commandTimeout: 10_000 },
  failFast: {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    commandTimeout: 1_000,
  },
};

/** One command connection to Redis with our scripts and keys, and a lazily opened one for subscriptions. */
export class Connection {
  readonly keys: Keys;
  readonly redis: Redis;
  private subscriber: Redis | undefined;

  constructor(
    readonly options: ConnectionOptions,
    manner: Manner = 'patient',
  ) {
    this.keys = new Keys(options.cluster);
    this.redis = this.open(MANNERS[manner]);
    defineScripts(this.redis);
  }

  private open(options: MannerOptions): Redis {
    const redis = new Redis(this.options.url, {
      connectTimeout: 2_000,
      // Of a socket that is closed already ioredis waits for the end as long as this, which keeps the process.
      disconnectTimeout: 100,
      retryStrategy: reconnectDelayMs,
      ...options,
    });
    redis.on('error', (error: Error) => this.options.onError?.(error));
    return redis;
  }

  run(name: string, keys: readonly string[], args: readonly (string | number)[]): Promise<Reply> {
    return runScript(this.redis, name, keys, args);
  }

  /** True while commands can be sent at once. */
  get ready(): boolean {
    return this.redis.status === 'ready';
  }

  /** Resolves when the connection is usable; rejects with what is wrong after `timeoutMs`. */
  async whenReady(timeoutMs = 10_000): Promise<void> {
    if (this.ready) return;
    await new Promise<void>((resolve, reject) => {
      let lastError: Error | undefined;
      const onError = (error: Error): void => {
        lastError = error;
      };
      const timer = setTimeout(() => {
        this.redis.off('ready', onReady).off('error', onError);
        const why = lastError === undefined ? '' : `: ${lastError.message}`;
        reject(new Error(`Redis at ${redactUrl(this.options.url)} did not answer in ${timeoutMs} ms${why}`));
      }, timeoutMs);
      const onReady = (): void => {
        clearTimeout(timer);
        this.redis.off('error', onError);
        resolve();
      };
      this.redis.once('ready', onReady).on('error', onError);
    });
  }

  /** The connection that holds subscriptions; it re-subscribes by itself after a reconnect. */
  subscriptions(): Redis {
    if (this.subscriber === undefined) {
      this.subscriber = this.open({ maxRetriesPerRequest: null });
      // One listener per subscription; how many there are is the caller's business.
      this.subscriber.setMaxListeners(0);
    }
    return this.subscriber;
  }

  async close(): Promise<void> {
    if (this.subscriber !== undefined) end(this.subscriber);
    if (this.redis.status === 'ready') await this.redis.quit().catch(() => undefined);
    end(this.redis);
  }
}

/** While ioredis waits to reconnect, a mere disconnect leaves what is queued, and its timers, for good. */
function end(redis: Redis): void {
  if (redis.status === 'reconnecting') redis.connect().catch(() => undefined);
  redis.disconnect();
}

/** The URL without its password, for messages. */
export function redactUrl(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//***@');
}
