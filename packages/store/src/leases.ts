import type { InstanceId, ServiceId, WorkerId } from '@waiter/core';
import type { Connection } from './connection';

/** Slots that a worker was given on one instance. */
export interface Grant {
  readonly instanceId: InstanceId;
  readonly slots: number;
  readonly host: string;
  readonly port: number;
  /** Epoch milliseconds; orders instances for load balancing. */
  readonly startedAtMs: number;
  /** False for what a worker still holds on an instance that drains or is gone. */
  readonly open: boolean;
}

export interface ExchangeRequest {
  readonly workerId: WorkerId;
  readonly serviceId: ServiceId;
  /** Version of the worker's holdings from the last reply or grant; 0 when it never held anything. */
  readonly version: number;
  /** The outcome of the last exchange is unknown: the reply is the full truth, even if the versions agree by chance. */
  readonly doubtful?: boolean;
  /** Slots wanted for queued requests; more than 0 enters the worker among the waiting. */
  readonly want: number;
  /** Arrival of the oldest queued request, epoch milliseconds. */
  readonly oldestMs: number;
  /** Mean distance between queued arrivals in milliseconds. */
  readonly stepMs: number;
  readonly queued: number;
  /** Slots to keep ready beyond the queue; granted only when nobody waits. */
  readonly extra: number;
  readonly giveBack: readonly (readonly [InstanceId, number])[];
}

export type ExchangeReply =
  | {
      readonly status: 'ok';
      readonly version: number;
      readonly grants: readonly Grant[];
      /** Arrival of the oldest request that waits on another worker, epoch milliseconds; null when none does. */
      readonly oldestElsewhereMs: number | null;
      readonly queuedEverywhere: number;
    }
  /** A message or a reply was missed: `grants` is everything the worker holds, and nothing was given back. */
  | { readonly status: 'resync'; readonly version: number; readonly grants: readonly Grant[] }
  /** Redis knows less than the worker: it must `reassert`. */
  | { readonly status: 'lost'; readonly version: number };

/** What a worker is told on its own channel. */
export type LeaseMessage =
  | {
      readonly type: 'grant';
      readonly service: ServiceId;
      readonly version: number;
      readonly grants: readonly Grant[];
    }
  | {
      readonly type: 'recall';
      readonly service: ServiceId;
      /** Arrival of the waiting request, epoch milliseconds. */
      readonly oldest: number;
      /** Slots wanted by all that wait. */
      readonly need: number;
    };

/** `[instance id, slots, host, port, started at ms, open]` as the scripts encode it; open is 1 where left out. */
type GrantRow = [string, number, string, number, number, number?];

const toGrant = ([instanceId, slots, host, port, startedAtMs, open = 1]: GrantRow): Grant => ({
  instanceId,
  slots,
  host,
  port,
  startedAtMs,
  open: open === 1 && port > 0,
});

/** Slots by lease: which worker may send how many requests to which instance (DESIGN section 6, Leases). */
export class LeaseStore {
  constructor(private readonly connection: Connection) {}

  private keys(id: ServiceId): string[] {
    const { keys } = this.connection;
    return [keys.slots(id), keys.leases(id), keys.open(id), keys.waiters(id), keys.holders(id)];
  }

  private get channelPrefix(): string {
    return this.connection.keys.workerChannel('');
  }

  /** Must be called once per worker and service before the first exchange: tells the reaper where to look. */
  async join(workerId: WorkerId, serviceId: ServiceId): Promise<void> {
    await this.connection.redis.sadd(this.connection.keys.workerServices(workerId), serviceId);
  }

  async exchange(request: ExchangeRequest): Promise<ExchangeReply> {
    const reply = (await this.connection.run('exchange-leases', this.keys(request.serviceId), [
      request.workerId,
      request.version,
      request.want,
      request.oldestMs,
      request.stepMs,
      request.queued,
      request.extra,
      this.channelPrefix,
      request.serviceId,
      request.doubtful === true ? 1 : 0,
      ...request.giveBack.flat(),
    ])) as [string, number, string, number | string, number];
    const [status, version, rows, oldest, queuedEverywhere] = reply;
    if (status === 'lost') return { status, version };
    const grants = (JSON.parse(rows) as GrantRow[]).map(toGrant);
    if (status === 'resync') return { status, version, grants };
    const oldestMs = Number(oldest);
    return {
      status: 'ok',
      version,
      grants,
      oldestElsewhereMs: oldestMs < 0 ? null : oldestMs,
      queuedEverywhere,
    };
  }

  /**
   * States what the worker has in flight; counts even above capacity, since those requests run.
   * @returns version of its holdings
   */
  async reassert(
    workerId: WorkerId,
    serviceId: ServiceId,
    version: number,
    inFlight: readonly (readonly [InstanceId, number])[],
  ): Promise<number> {
    return Number(
      await this.connection.run('reassert-leases', this.keys(serviceId), [
        workerId,
        version,
        this.channelPrefix,
        serviceId,
        ...inFlight.flat(),
      ]),
    );
  }

  /** A worker gives up an id: frees whatever is held under it in one service. */
  async leave(workerId: WorkerId, serviceId: ServiceId): Promise<void> {
    await this.reap(workerId, serviceId);
    await this.connection.redis.srem(this.connection.keys.workerServices(workerId), serviceId);
  }

  /** Frees what a dead worker held in one service. @returns slots freed */
  async reap(workerId: WorkerId, serviceId: ServiceId): Promise<number> {
    return Number(
      await this.connection.run('reap-worker', this.keys(serviceId), [
        workerId,
        this.channelPrefix,
        serviceId,
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

function parseMessage(text: string): LeaseMessage {
  const message = JSON.parse(text) as { type: string; service: string; [key: string]: unknown };
  if (message.type === 'grant') {
    return {
      type: 'grant',
      service: message.service,
      version: Number(message['version']),
      grants: (message['grants'] as GrantRow[]).map(toGrant),
    };
  }
  return {
    type: 'recall',
    service: message.service,
    oldest: Number(message['oldest']),
    need: Number(message['need']),
  };
}
