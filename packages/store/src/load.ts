import type { Demand, ServiceId, WorkerId } from '@waiter/core';
import type { AsyncRequestStore } from './async-requests';
import type { Connection } from './connection';
import type { Membership } from './members';

/** A report outlives its worker by this much; reports come at least each second. */
export const LOAD_TTL_MS = 3_000;

/** One worker's load for one service. */
export interface WorkerLoad extends Demand {
  /** Requests since the worker started. */
  readonly total: number;
  /** Epoch milliseconds of the latest arrival. */
  readonly lastRequestAtMs: number;
  /** Time integrals since the worker started, in request-milliseconds: of `inFlight`, and of that plus `queued`. */
  readonly inFlightMs?: number;
  readonly demandMs?: number;
}

/** The fleet's load for one service. */
export interface ServiceLoad extends Demand {
  readonly total: number;
  readonly lastRequestAtMs: number | null;
  readonly inFlightMs: number;
  readonly demandMs: number;
}

export const NO_LOAD: ServiceLoad = {
  inFlight: 0,
  queued: 0,
  oldestWaitMs: 0,
  total: 0,
  lastRequestAtMs: null,
  inFlightMs: 0,
  demandMs: 0,
};

/** `in flight, queued, oldest wait ms, total, last request ms, in flight ms, demand ms` */
const encode = (load: WorkerLoad): string =>
  [
    load.inFlight,
    load.queued,
    Math.round(load.oldestWaitMs),
    load.total,
    load.lastRequestAtMs,
    Math.round(load.inFlightMs ?? 0),
    Math.round(load.demandMs ?? 0),
  ].join(' ');

function add(sum: ServiceLoad, text: string): ServiceLoad {
  const [inFlight = 0, queued = 0, oldestWaitMs = 0, total = 0, last = 0, inFlightMs = 0, demandMs = 0] = text
    .split(' ')
    .map(Number);
  return {
    inFlight: sum.inFlight + inFlight,
    queued: sum.queued + queued,
    oldestWaitMs: Math.max(sum.oldestWaitMs, oldestWaitMs),
    total: sum.total + total,
    lastRequestAtMs: Math.max(sum.lastRequestAtMs ?? 0, last) || null,
    inFlightMs: sum.inFlightMs + inFlightMs,
    demandMs: sum.demandMs + demandMs,
  };
}

const withAsync = (load: ServiceLoad, count: number): ServiceLoad => ({
  ...load,
  inFlight: load.inFlight + count,
});

/** What every worker says of its load; sums to demand, with the async requests, which are no worker's. */
export class LoadLedger {
  /** Those that were there when it was last asked: they seldom change. */
  private lastWorkers: readonly WorkerId[] = [];

  constructor(
    private readonly connection: Connection,
    private readonly members: Membership,
    private readonly asyncRequests: AsyncRequestStore,
  ) {}

  /** Replaces the worker's report for these services and keeps the others alive. */
  async report(
    workerId: WorkerId,
    loads: ReadonlyMap<ServiceId, WorkerLoad>,
    gone: readonly ServiceId[] = [],
  ): Promise<void> {
    const { redis, keys } = this.connection;
    const key = keys.load(workerId);
    const pipeline = redis.pipeline();
    if (loads.size > 0) {
      pipeline.hset(key, Object.fromEntries([...loads].map(([id, load]) => [id, encode(load)])));
    }
    if (gone.length > 0) pipeline.hdel(key, ...gone);
    await pipeline.pexpire(key, LOAD_TTL_MS).exec();
  }

  /** Load of every service that some live worker reports. */
  async demand(): Promise<Map<ServiceId, ServiceLoad>> {
    const { redis, keys } = this.connection;
    const [workers, asyncCounts] = await Promise.all([this.members.workers(), this.asyncRequests.counts()]);
    const rows = await Promise.all(workers.map((worker) => redis.hgetall(keys.load(worker))));
    const sums = new Map<ServiceId, ServiceLoad>();
    for (const row of rows) {
      for (const [id, text] of Object.entries(row)) sums.set(id, add(sums.get(id) ?? NO_LOAD, text));
    }
    for (const [id, count] of asyncCounts) sums.set(id, withAsync(sums.get(id) ?? NO_LOAD, count));
    return sums;
  }

  /** What each live worker reports of one service; workers that never had to do with it are left out. */
  async byWorker(id: ServiceId): Promise<ReadonlyMap<WorkerId, ServiceLoad>> {
    const reports = await this.reports(id);
    return new Map([...reports].map(([worker, text]) => [worker, add(NO_LOAD, text)]));
  }

  async demandOf(id: ServiceId): Promise<ServiceLoad> {
    const [reports, asyncCount] = await Promise.all([this.reports(id), this.asyncRequests.countOf(id)]);
    return withAsync([...reports.values()].reduce(add, NO_LOAD), asyncCount);
  }

  /** In one round trip, unless a worker is new: a cold start waits for the answer. */
  private async reports(id: ServiceId): Promise<ReadonlyMap<WorkerId, string>> {
    const { redis, keys } = this.connection;
    const ask = async (worker: WorkerId) => [worker, await redis.hget(keys.load(worker), id)] as const;
    const expected = this.lastWorkers;
    const [workers, ...found] = await Promise.all([this.members.workers(), ...expected.map(ask)]);
    this.lastWorkers = workers;
    const others = await Promise.all(workers.filter((worker) => !expected.includes(worker)).map(ask));
    const present = new Set(workers);
    return new Map(
      [...found, ...others].flatMap(([worker, text]) =>
        text !== null && present.has(worker) ? [[worker, text] as const] : [],
      ),
    );
  }
}
