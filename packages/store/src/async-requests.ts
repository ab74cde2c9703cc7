import type { BackendProto, InstanceId, ServiceId, WorkerId } from '@waiter/core';
import type { Connection } from './connection';

/** A request that an instance goes on with after it has answered 202 (spec: request-path 7). */
export interface AsyncRequest {
  readonly requestId: string;
  readonly serviceId: ServiceId;
  readonly instanceId: InstanceId;
  readonly host: string;
  readonly port: number;
  readonly protocol: BackendProto;
  /** Where the instance tells how far it is: path and query. */
  readonly location: string;
  readonly cid: string;
  /** Pause between two looks, and the moment after which nobody looks any more (epoch milliseconds). */
  readonly checkIntervalMs: number;
  readonly untilMs: number;
}

/** A reply to `hold`; `dueMs` by the clock of Redis. */
export type Held =
  | { readonly status: 'held'; readonly dueMs: number; readonly request: AsyncRequest }
  /** Another worker looks after it. */
  | { readonly status: 'taken'; readonly dueMs: number }
  /** It is over, or Redis has lost it. */
  | { readonly status: 'gone' };

/** Which async requests there are, who looks after them, and the slots that they hold. */
export class AsyncRequestStore {
  constructor(private readonly connection: Connection) {}

  private keys(id: ServiceId): string[] {
    const { keys } = this.connection;
    return [...keys.leaseKeys(id), keys.asyncRequests(id), keys.asyncOver(id)];
  }

  private index(dueMs: number, serviceId: ServiceId, requestId: string): Promise<unknown> {
    const { redis, keys } = this.connection;
    return redis.zadd(keys.asyncIndex(), String(dueMs), `${serviceId}\t${requestId}`);
  }

  private unindex(serviceId: ServiceId, requestId: string): Promise<unknown> {
    const { redis, keys } = this.connection;
    return redis.zrem(keys.asyncIndex(), `${serviceId}\t${requestId}`);
  }

  /**
   * Records the request, and takes its slot from the worker; harmless when it is recorded already. One that another
   * worker has finished before it could be recorded stays over.
   * @param owner who looks after it, for `holdMs`
   * @param holder who holds the slot; null when nobody does
   * @returns whether the slot was taken from the holder
   */
  async accept(
    request: AsyncRequest,
    owner: WorkerId,
    holdMs: number,
    holder: WorkerId | null,
  ): Promise<boolean> {
    const { serviceId, requestId, instanceId } = request;
    // First: whoever looks for what nobody cares for must know where.
    await this.index(Date.now() + holdMs, serviceId, requestId);
    const [moved, dueMs] = (await this.connection.run('accept-async', this.keys(serviceId), [
      requestId,
      JSON.stringify(request),
      instanceId,
      owner,
      holdMs,
      holder ?? '',
      this.connection.keys.workerChannel(''),
      serviceId,
    ])) as [number, number];
    if (dueMs === 0) await this.unindex(serviceId, requestId);
    else await this.index(dueMs, serviceId, requestId);
    return moved === 1;
  }

  /** Says that this worker looks after a request, or (`claim`) takes an overdue one over. */
  async hold(
    serviceId: ServiceId,
    requestId: string,
    worker: WorkerId,
    holdMs: number,
    manner: 'renew' | 'claim',
  ): Promise<Held> {
    const key = this.connection.keys.asyncRequests(serviceId);
    const reply = (await this.connection.run('hold-async', [key], [requestId, worker, holdMs, manner])) as [
      Held['status'],
      number,
      string,
    ];
    const [status, dueMs, json] = reply;
    if (status === 'gone') {
      await this.unindex(serviceId, requestId);
      return { status };
    }
    await this.index(dueMs, serviceId, requestId);
    return status === 'taken'
      ? { status, dueMs }
      : { status, dueMs, request: JSON.parse(json) as AsyncRequest };
  }

  /** The request is over; its slot goes to who waits for one. @returns false when it was over already */
  async finish(serviceId: ServiceId, requestId: string): Promise<boolean> {
    const json = await this.connection.run('finish-async', this.keys(serviceId), [
      requestId,
      this.connection.keys.workerChannel(''),
      serviceId,
    ]);
    await this.unindex(serviceId, requestId);
    return json !== null;
  }

  /** Requests that nobody looks after, longest first. */
  async overdue(limit: number): Promise<readonly (readonly [ServiceId, string])[]> {
    const key = this.connection.keys.asyncIndex();
    const members = (await this.connection.run('overdue-async', [key], [limit])) as string[];
    return members.map(parts);
  }

  /** How many there are of each service that has any. */
  async counts(): Promise<ReadonlyMap<ServiceId, number>> {
    const members = await this.connection.redis.zrange(this.connection.keys.asyncIndex(), '0', '-1');
    const counts = new Map<ServiceId, number>();
    for (const [serviceId] of members.map(parts)) counts.set(serviceId, (counts.get(serviceId) ?? 0) + 1);
    return counts;
  }

  async countOf(serviceId: ServiceId): Promise<number> {
    return this.connection.redis.hlen(this.connection.keys.asyncRequests(serviceId));
  }
}

function parts(member: string): readonly [ServiceId, string] {
  const mark = member.indexOf('\t');
  return [member.slice(0, mark), member.slice(mark + 1)];
}
