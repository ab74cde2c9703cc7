import type { WorkerId } from '@waiter/core';
import type { Connection } from './connection';
import type { LeaseStore } from './leases';

/** A worker is dead when it was silent for this long; with the reaper's period this bounds how long slots stay lost. */
export const WORKER_TTL_MS = 2_000;
export const HEARTBEAT_MS = 500;
const ROUTER_TTL_MS = 5_000;

export interface RouterInfo {
  readonly id: string;
  /** Base URL by which other machines reach it. */
  readonly url: string;
  readonly version: string;
  readonly startedAtMs: number;
  readonly draining: boolean;
}

/** Who is there: routers with their addresses, workers with their heartbeats, and the reaper of dead workers. */
export class Membership {
  constructor(
    private readonly connection: Connection,
    private readonly leases: LeaseStore,
  ) {}

  private get reapKey(): string {
    return `${this.connection.keys.workers()}:reap`;
  }

  /**
   * @param join true for the first heartbeat under this id
   * @returns `alive: false` when the worker was taken for dead: it must come back under a new id
   */
  async heartbeat(workerId: WorkerId, join: boolean): Promise<{ alive: boolean; workers: number }> {
    const [alive, workers] = (await this.connection.run(
      'heartbeat',
      [this.connection.keys.workers()],
      [workerId, WORKER_TTL_MS, join ? '1' : '0'],
    )) as [number, number];
    return { alive: alive === 1, workers };
  }

  /** A worker that ends in order; its leases must be back already. */
  async leave(workerId: WorkerId): Promise<void> {
    const { redis, keys } = this.connection;
    const services = await redis.smembers(keys.workerServices(workerId));
    for (const service of services) await this.leases.free(workerId, service, false);
    await redis
      .multi()
      .zrem(keys.workers(), workerId)
      .del(keys.workerServices(workerId), keys.load(workerId))
      .exec();
  }

  /** Frees the leases of workers that missed their heartbeat. Safe to run anywhere, any number at once. */
  async reap(): Promise<readonly WorkerId[]> {
    const { redis, keys } = this.connection;
    const dead = (await this.connection.run('bury-workers', [keys.workers(), this.reapKey], [])) as string[];
    for (const worker of dead) {
      for (const service of await redis.smembers(keys.workerServices(worker))) {
        await this.leases.reap(worker, service);
      }
      await redis
        .multi()
        .del(keys.workerServices(worker), keys.load(worker))
        .srem(this.reapKey, worker)
        .exec();
    }
    return dead;
  }

  /** Ids of the workers that are alive: those that the reaper left. Our clock may differ from that of Redis. */
  async workers(): Promise<readonly WorkerId[]> {
    const { redis, keys } = this.connection;
    return redis.zrange(keys.workers(), '0', '-1');
  }

  async announceRouter(router: RouterInfo): Promise<void> {
    const { redis, keys } = this.connection;
    await redis
      .multi()
      .zadd(keys.routers(), String(Date.now() + ROUTER_TTL_MS), router.id)
      .hset(keys.router(router.id), {
        url: router.url,
        version: router.version,
        startedAtMs: router.startedAtMs,
        draining: router.draining ? 1 : 0,
      })
      .pexpire(keys.router(router.id), ROUTER_TTL_MS)
      .exec();
  }

  async retireRouter(id: string): Promise<void> {
    const { redis, keys } = this.connection;
    await redis.multi().zrem(keys.routers(), id).del(keys.router(id)).exec();
  }

  /** Routers that announced themselves lately, by id. */
  async routers(): Promise<readonly RouterInfo[]> {
    const { redis, keys } = this.connection;
    const ids = (await redis.zrange(keys.routers(), '0', '-1')).sort();
    const found = await Promise.all(
      ids.map(async (id): Promise<RouterInfo[]> => {
        const row = await redis.hgetall(keys.router(id));
        if (row['url'] === undefined) {
          // Expired by the clock of Redis; announced anew, it is listed again.
          await redis.zrem(keys.routers(), id);
          return [];
        }
        return [
          {
            id,
            url: row['url'],
            version: row['version'] ?? '',
            startedAtMs: Number(row['startedAtMs'] ?? 0),
            draining: row['draining'] === '1',
          },
        ];
      }),
    );
    return found.flat();
  }
}
