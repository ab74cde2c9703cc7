import type { InstanceId, ServiceId, WorkerId } from '@waiter/core';
import type { Connection } from './connection';
import { maxExponent } from './ejections';
import {
  parseMessage,
  toEjections,
  toGrant,
  type EjectionRow,
  type ExchangeReply,
  type ExchangeRequest,
  type GrantRow,
  type LeaseMessage,
  type QueuedRequests,
} from './lease-protocol';

/** A worker that was buried is refused for so long; none sleeps longer and wakes. */
const BURIAL_MS = 24 * 3_600_000;

const queued = ({ count, firstRank, step }: QueuedRequests): number[] => [count, firstRank, step];

/** Slots by lease: which worker may send how many requests to which instance (DESIGN section 6, Leases). */
export class LeaseStore {
  constructor(private readonly connection: Connection) {}

  private get channelPrefix(): string {
    return this.connection.keys.workerChannel('');
  }

  /**
   * Must be called once per worker and service before the first exchange: tells the reaper where to look.
   * @returns false when the worker was taken for dead: it must come back under a new id
   */
  async join(workerId: WorkerId, serviceId: ServiceId): Promise<boolean> {
    const { keys } = this.connection;
    const names = [keys.workers(), keys.workerServices(workerId)];
    return (await this.connection.run('join-service', names, [workerId, serviceId])) === 1;
  }

  async exchange(request: ExchangeRequest): Promise<ExchangeReply> {
    const { ejection } = request;
    const reply = (await this.connection.run(
      'exchange-leases',
      this.connection.keys.leaseKeys(request.serviceId),
      [
        request.workerId,
        request.version,
        request.doubtful === true ? 1 : 0,
        this.channelPrefix,
        request.serviceId,
        request.extra,
        request.queueLimit,
        request.admitted,
        request.fresh,
        ...queued(request.prioritised),
        ...queued(request.ordinary),
        ejection.baseMs,
        ejection.maxMs,
        maxExponent(ejection),
        request.giveBack.length,
        request.wantsProbe === true ? 1 : 0,
        ...request.giveBack.flat(),
        ...request.reports.flat(),
      ],
    )) as [ExchangeReply['status'], number, string, string, number, number, number, string];
    const [status, version, rows, firstRank, queuedElsewhere, admitted, ejectionsVersion, ejections] = reply;
    if (status === 'lost' || status === 'buried') return { status, version };
    const grants = (JSON.parse(rows) as GrantRow[]).map(toGrant);
    if (status === 'resync') return { status, version, grants };
    return {
      status,
      version,
      grants,
      firstRankElsewhere: firstRank === '' ? null : Number(firstRank),
      queuedElsewhere,
      admitted,
      ejections: toEjections(ejectionsVersion, JSON.parse(ejections) as EjectionRow[]),
    };
  }

  /**
   * States what the worker has in flight; counts even above capacity, since those requests run.
   * @returns version of its holdings; null when it was taken for dead: it must come back under a new id
   */
  async reassert(
    workerId: WorkerId,
    serviceId: ServiceId,
    version: number,
    inFlight: readonly (readonly [InstanceId, number])[],
  ): Promise<number | null> {
    const reply = Number(
      await this.connection.run('reassert-leases', this.connection.keys.leaseKeys(serviceId), [
        workerId,
        version,
        this.channelPrefix,
        serviceId,
        ...inFlight.flat(),
      ]),
    );
    return reply < 0 ? null : reply;
  }

  /** A worker gives up an id: frees whatever is held under it in one service. */
  async leave(workerId: WorkerId, serviceId: ServiceId): Promise<void> {
    await this.free(workerId, serviceId, false);
    await this.connection.redis.srem(this.connection.keys.workerServices(workerId), serviceId);
  }

  /** Frees what a dead worker held in one service; should it live, it gets nothing more there. @returns slots freed */
  reap(workerId: WorkerId, serviceId: ServiceId): Promise<number> {
    return this.free(workerId, serviceId, true);
  }

  /** Frees what a worker held in one service. @returns slots freed */
  async free(workerId: WorkerId, serviceId: ServiceId, bury: boolean): Promise<number> {
    return Number(
      await this.connection.run('reap-worker', this.connection.keys.leaseKeys(serviceId), [
        workerId,
        this.channelPrefix,
        serviceId,
        bury ? 1 : 0,
        BURIAL_MS,
      ]),
    );
  }

  /** Slots leased per instance, fleet-wide; instances without leases are left out. */
  async usage(serviceId: ServiceId): Promise<Map<InstanceId, number>> {
    const all = await this.connection.redis.hgetall(this.connection.keys.leases(serviceId));
    return new Map(
      Object.entries(all)
        .filter(([field]) => !field.includes('\t'))
        .map(([field, count]) => [field, Number(count)]),
    );
  }

  /**
   * Listens on the worker's channel. What is missed during an interruption shows in the version of the next exchange.
   * @returns stops listening
   */
  async subscribe(workerId: WorkerId, listener: (message: LeaseMessage) => void): Promise<() => void> {
    const channel = this.connection.keys.workerChannel(workerId);
    const redis = this.connection.subscriptions();
    const onMessage = (from: string, text: string): void => {
      if (from === channel) listener(parseMessage(text));
    };
    redis.on('message', onMessage);
    await redis.subscribe(channel);
    return () => {
      redis.off('message', onMessage);
      // Not awaited: nobody listens any more, and Redis may be away for good.
      void redis.unsubscribe(channel).catch(() => undefined);
    };
  }
}
